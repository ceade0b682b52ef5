using System.Text;
using Microsoft.Extensions.Logging;
using Pillion.Net;
using Pillion.Net.Http;
using Pillion.Net.Http.Http1;
using Pillion.Net.Loop;
using Pillion.Net.Sockets;

namespace Pillion.Admin;

/// <summary>
/// Serves the admin port with our own HTTP engine, on one loop. Answers are made on a thread of the pool, so that a large page never holds up requests.
/// </summary>
internal sealed partial class AdminServer(EventLoop loop, Func<AdminEndpoints?> endpoints, ILogger logger)
{
    // People and scrapers are few; more than this is somebody who should not be served at the cost of the proxy.
    private const int MaxConnections = 64;

    private static readonly TimeSpan IdleTimeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan HeadTimeout = TimeSpan.FromSeconds(5);

    private readonly HashSet<Http1ServerStream> _open = [];
    private readonly HashSet<AdminLeaving> _streaming = [];
    private Listener? _listener;

    /// <summary>What is bound, with the real port; null before.</summary>
    public Address? Address { get; private set; }

    /// <summary>Binds and serves. Returns why it cannot, or null.</summary>
    public async Task<string?> StartAsync(Network network, Address address)
    {
        if (address.ToEndPoint() is not { } endPoint)
        {
            return $"admin: '{address}' is a name; use an IP address such as 127.0.0.1:15000, or unix:/path";
        }

        var result = await loop.InvokeAsync(() => network.Listen(loop, endPoint, shared: false)).ConfigureAwait(false);
        if (result.Listener is not { } listener)
        {
            return $"admin: cannot bind {address}: {result.Describe()}";
        }

        _listener = listener;
        Address = listener.LocalEndPoint is System.Net.IPEndPoint ip ? new Address(ip.Address.ToString(), ip.Port) : address;
        loop.Post(() => _ = AcceptAsync(listener));
        return null;
    }

    /// <summary>Stops listening and closes what is open.</summary>
    public void Stop() => loop.Post(() =>
    {
        _listener?.Close();
        foreach (var streaming in _streaming.ToArray())
        {
            streaming.End();
        }

        foreach (var stream in _open.ToArray())
        {
            stream.Abort(reset: false);
        }
    });

    private async Task AcceptAsync(Listener listener)
    {
        while (true)
        {
            var accepted = await listener.AcceptAsync();
            if (accepted.Error is IoError.Closed or IoError.Cancelled)
            {
                return;
            }

            if (accepted.Connection is not { } connection)
            {
                await loop.DelayAsync(TimeSpan.FromMilliseconds(100));
            }
            else if (_open.Count >= MaxConnections)
            {
                connection.Abort();
            }
            else
            {
                _ = ServeAsync(new Http1ServerStream(connection, HttpRules.Default));
            }
        }
    }

    private async Task ServeAsync(Http1ServerStream stream)
    {
        _open.Add(stream);
        try
        {
            while (await ServeNextAsync(stream))
            {
            }
        }
        catch (Exception exception)
        {
            LogFailed(exception);
        }

        _open.Remove(stream);
        stream.Dispose();
    }

    private async Task<bool> ServeNextAsync(Http1ServerStream stream)
    {
        var head = await stream.ReceiveHeadAsync(Deadline.After(loop, IdleTimeout), HeadTimeout);
        if (head.Outcome == HeadOutcome.Violated)
        {
            await SendAsync(stream, AdminResponse.Text(400, HttpViolations.Sentence(head.Violation)), close: true, isHead: false);
            return false;
        }

        if (head.Outcome != HeadOutcome.Received)
        {
            return false;
        }

        var request = Read(stream);
        // Nothing here reads a body; a connection that still carries one cannot carry another request.
        var close = !stream.Request.KeepAlive || stream.Request.Body != BodyKind.None;
        var response = endpoints() is { } all
            ? await Task.Run(() => all.AnswerAsync(request, CancellationToken.None))
            : AdminResponse.Text(503, "starting");
        if (response.Stream is { } endless)
        {
            using (endless)
            {
                await StreamAsync(stream, response, endless, request.Method == "HEAD");
            }

            return false;
        }

        var sent = await SendAsync(stream, response, close, request.Method == "HEAD");
        if (close && sent && (await stream.ShutdownAsync()).IsOk)
        {
            await stream.LingerAsync(Deadline.After(loop, TimeSpan.FromSeconds(1)));
        }

        return sent && !close;
    }

    private AdminRequest Read(Http1ServerStream stream)
    {
        var head = stream.Request;
        var authorization = Encoding.Latin1.GetString(head.Fields.Get(KnownField.Authorization));
        return new AdminRequest
        {
            Method = Encoding.ASCII.GetString(head.MethodName),
            Path = Uri.UnescapeDataString(Encoding.UTF8.GetString(head.Path)),
            Query = Encoding.UTF8.GetString(head.Query),
            Host = Encoding.Latin1.GetString(head.Authority),
            Accept = Encoding.Latin1.GetString(head.Fields.Get(KnownField.Accept)),
            BearerToken = authorization.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) ? authorization[7..].Trim() : null,
            IsUnixSocket = Address is { IsUnix: true },
        };
    }

    // It ends with its connection, so that a client of any age can read it to its end.
    private async Task StreamAsync(Http1ServerStream stream, AdminResponse response, IAdminStream parts, bool isHead)
    {
        if (!stream.WriteHead(Head(response, isHead ? BodyKind.None : BodyKind.UntilClose), close: true) || !(await stream.FlushAsync()).IsOk || isHead)
        {
            return;
        }

        using var leaving = new AdminLeaving();
        _streaming.Add(leaving);
        stream.ClientWatcher = leaving;
        while (!leaving.Token.IsCancellationRequested)
        {
            var part = await Task.Run(() => parts.NextAsync(leaving.Token).AsTask());
            if (part.IsEmpty || !await SendPartsAsync(stream, part) || !(await stream.FlushAsync()).IsOk)
            {
                break;
            }
        }

        stream.ClientWatcher = null;
        _streaming.Remove(leaving);
    }

    private static ResponseHead Head(AdminResponse response, BodyKind body)
    {
        var head = new ResponseHead { Status = response.Status, Body = body, ContentLength = response.Body.Length };
        head.Fields.Add("Content-Type"u8, Encoding.ASCII.GetBytes(response.ContentType));
        foreach (var (name, value) in response.Fields)
        {
            head.Fields.Add(Encoding.ASCII.GetBytes(name), Encoding.ASCII.GetBytes(value));
        }

        return head;
    }

    private async Task<bool> SendAsync(Http1ServerStream stream, AdminResponse response, bool close, bool isHead)
    {
        var head = Head(response, isHead ? BodyKind.None : BodyKind.Length);
        if (isHead)
        {
            head.Fields.Add(KnownField.ContentLength, Encoding.ASCII.GetBytes($"{response.Body.Length}"));
        }

        return stream.WriteHead(head, close)
            && await SendPartsAsync(stream, isHead ? default : response.Body)
            && (await stream.FinishAsync(null)).IsOk
            && (await stream.FlushAsync()).IsOk;
    }

    private async Task<bool> SendPartsAsync(Http1ServerStream stream, ReadOnlyMemory<byte> body)
    {
        var slab = loop.Slabs.Rent(Net.Memory.SlabPool.Medium);
        try
        {
            for (var rest = body; !rest.IsEmpty;)
            {
                var count = Math.Min(rest.Length, slab.Free.Length);
                slab.TryAppend(rest.Span[..count]);
                if (!(await stream.SendBodyAsync(slab, count)).IsOk)
                {
                    return false;
                }

                slab.Clear();
                rest = rest[count..];
            }
        }
        finally
        {
            loop.Slabs.Return(slab);
        }

        return true;
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "an error inside Pillion ended a request to the admin port; please report it")]
    private partial void LogFailed(Exception exception);
}
