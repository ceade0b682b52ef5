using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Pillion.EndToEnd.Support;

/// <summary>
/// The application beside the sidecar: a plain HTTP/1.1 server over real sockets that tells what it received and can misbehave on demand. It is inside the test
/// process, so that a test can see both ends.
/// </summary>
internal sealed class TestApp : IAsyncDisposable
{
    private readonly ConcurrentDictionary<Socket, byte> _open = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Socket _listener;
    private int _requests;
    private int _connections;
    private int _held;

    private TestApp(string name, Socket listener)
    {
        Name = name;
        _listener = listener;
        _ = AcceptAsync();
    }

    public string Name { get; }

    public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    public int Requests => Volatile.Read(ref _requests);

    public int Connections => Volatile.Read(ref _connections);

    /// <summary>Requests to /hold that wait for <see cref="Release"/>.</summary>
    public int Held => Volatile.Read(ref _held);

    /// <summary>Takes over the answer to every request it returns true for.</summary>
    public Func<AppRequest, Task<bool>>? Handler { get; set; }

    /// <summary>Called with each new connection, before anything is read from it.</summary>
    public Func<AppConnection, Task>? OnConnected { get; set; }

    public static TestApp Start(string name = "app", int port = 0)
    {
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, port == 0 ? Ports.Next() : port));
        listener.Listen(512);
        return new TestApp(name, listener);
    }

    public static TestApp StartUnix(string name, string path)
    {
        var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen(512);
        return new TestApp(name, listener);
    }

    public void Release() => _released.TrySetResult();

    public ValueTask DisposeAsync()
    {
        _stop.Cancel();
        _listener.Dispose();
        foreach (var socket in _open.Keys)
        {
            socket.Dispose();
        }

        return ValueTask.CompletedTask;
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var socket = await _listener.AcceptAsync(_stop.Token);
                _open[socket] = 0;
                Interlocked.Increment(ref _connections);
                _ = ServeAsync(socket);
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
        {
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        if (socket.AddressFamily != AddressFamily.Unix)
        {
            socket.NoDelay = true;
        }

        var connection = new AppConnection(socket);
        try
        {
            if (OnConnected is { } connected)
            {
                await connected(connection);
            }

            while (!connection.IsTaken && await connection.HeadAsync() is { Length: > 0 } head)
            {
                Interlocked.Increment(ref _requests);
                var request = new AppRequest(head, connection);
                if (Handler is not { } handler || !await handler(request))
                {
                    await AnswerAsync(request);
                }

                if (!connection.IsTaken)
                {
                    await request.DiscardBodyAsync();
                }

                if (!request.KeepAlive)
                {
                    break;
                }
            }
        }
        catch (Exception exception) when (exception is SocketException or EndOfStreamException or ObjectDisposedException or FormatException)
        {
        }
        finally
        {
            _open.TryRemove(socket, out _);
            socket.Dispose();
        }
    }

    private async Task AnswerAsync(AppRequest request)
    {
        var parts = request.Path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        switch (parts.FirstOrDefault())
        {
            case "head":
                await request.AnswerAsync(request.Head);
                break;
            case "echo":
                await request.AnswerAsync(await request.BodyTextAsync());
                break;
            case "count":
                await request.AnswerAsync($"{await request.DiscardBodyAsync()}");
                break;
            case "status":
                await request.AnswerAsync($"status {parts[1]}", int.Parse(parts[1], null));
                break;
            case "bytes":
                await SendBytesAsync(request.Connection, long.Parse(parts[1], null), chunked: false);
                break;
            case "chunks":
                await SendBytesAsync(request.Connection, long.Parse(parts[1], null), chunked: true);
                break;
            case "hold":
                Interlocked.Increment(ref _held);
                await _released.Task.WaitAsync(_stop.Token);
                await request.AnswerAsync("released");
                break;
            case "never":
                await Task.Delay(Timeout.Infinite, _stop.Token).ContinueWith(_ => { });
                break;
            case "half":
                await request.Connection.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this");
                request.Connection.IsTaken = true;
                break;
            case "garbage":
                await request.Connection.SendAsync("this is no HTTP at all\r\n\r\n");
                request.Connection.IsTaken = true;
                break;
            case "hang-up":
                request.Connection.IsTaken = true;
                break;
            case "http10":
                await request.Connection.SendAsync("HTTP/1.0 200 OK\r\n\r\nuntil the end");
                request.Connection.Socket.Shutdown(SocketShutdown.Both);
                request.Connection.IsTaken = true;
                break;
            default:
                await request.AnswerAsync($"{Name} {request.Method} {request.Target}");
                break;
        }
    }

    private static async Task SendBytesAsync(AppConnection connection, long count, bool chunked)
    {
        var piece = new byte[64 * 1024];
        piece.AsSpan().Fill((byte)'x');
        await connection.SendAsync($"HTTP/1.1 200 OK\r\n{(chunked ? "Transfer-Encoding: chunked" : $"Content-Length: {count}")}\r\n\r\n");
        while (count > 0)
        {
            var size = (int)Math.Min(count, piece.Length);
            if (chunked)
            {
                await connection.SendAsync($"{size:x}\r\n");
            }

            await connection.SendAsync(piece.AsMemory(0, size));
            if (chunked)
            {
                await connection.SendAsync("\r\n");
            }

            count -= size;
        }

        if (chunked)
        {
            await connection.SendAsync("0\r\n\r\n");
        }
    }
}
