using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Pillion.EndToEnd.Support;

namespace Pillion.EndToEnd.Tcp;

/// <summary>A server of bytes behind a relay; what it does with a connection is the test's.</summary>
internal sealed class ByteServer : IAsyncDisposable
{
    private readonly ConcurrentBag<Socket> _open = [];
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly Func<Socket, Task> _serve;
    private int _connections;
    private int _ended;

    public ByteServer(Func<Socket, Task> serve)
    {
        _serve = serve;
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, Ports.Next()));
        _listener.Listen(512);
        _ = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    public int Connections => Volatile.Read(ref _connections);

    /// <summary>Connections whose handler is through, one way or another.</summary>
    public int Ended => Volatile.Read(ref _ended);

    /// <summary>Sends back what comes until its end.</summary>
    public static ByteServer Echo() => new(static async socket =>
    {
        var buffer = new byte[64 * 1024];
        while (await socket.ReceiveAsync(buffer) is var received and > 0)
        {
            await SendAsync(socket, buffer.AsMemory(0, received));
        }
    });

    /// <summary>Says its name at once, as MySQL and SMTP do, then echoes.</summary>
    public static ByteServer Greeting(string name) => new(async socket =>
    {
        await socket.SendAsync(System.Text.Encoding.ASCII.GetBytes(name + "\n"));
        var buffer = new byte[1024];
        while (await socket.ReceiveAsync(buffer) is var received and > 0)
        {
            await SendAsync(socket, buffer.AsMemory(0, received));
        }
    });

    public static async Task SendAsync(Socket socket, ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[await socket.SendAsync(bytes)..];
        }
    }

    public ValueTask DisposeAsync()
    {
        _listener.Dispose();
        foreach (var socket in _open)
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
                var socket = await _listener.AcceptAsync();
                _open.Add(socket);
                Interlocked.Increment(ref _connections);
                _ = ServeAsync(socket);
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        try
        {
            using (socket)
            {
                await _serve(socket);
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
        }
        finally
        {
            Interlocked.Increment(ref _ended);
        }
    }
}
