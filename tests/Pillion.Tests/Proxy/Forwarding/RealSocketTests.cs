using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging;
using Pillion.Core.Signals.AccessLog;
using Pillion.Core.Signals.Metrics;
using Pillion.Core.Signals.Records;
using Pillion.Net;
using Pillion.Net.Linux;
using Pillion.Net.Loop;
using Pillion.Proxy;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Proxy.Forwarding;

/// <summary>Where a kernel differs from a memory network: resets, half-closes, what comes in one packet. Blocking sockets on both sides.</summary>
public sealed class RealSocketTests : IDisposable
{
    private const string Get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    private const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    private readonly EpollNetwork _network = new();
    private readonly EventLoop _loop;
    private readonly CollectedLogger _logger = new();
    private readonly AccessLogs _logs;
    private readonly ProxyRole _role;
    private readonly Socket _upstream = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly List<Socket> _sockets = [];

    public RealSocketTests()
    {
        _loop = _network.CreateLoop(0, TimeProvider.System);
        var metrics = new MetricRegistry(1, TimeProvider.System);
        _logs = new AccessLogs(1, metrics, _logger, open: _ => new MemoryLines());
        _role = new ProxyRole(new ProxyContext
        {
            Network = _network,
            Loops = [_loop],
            Metrics = metrics,
            AccessLogs = _logs,
            Records = new RequestRecords(TimeProvider.System),
            Secrets = new Pillion.Core.Identity.Secrets.SecretStore(metrics, TimeProvider.System, _logger),
            Resolver = null!,
            Time = TimeProvider.System,
            Random = new Random(1),
            Logger = _logger,
        });
        _loop.Start();
        _upstream.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _upstream.Listen();
        var port = ((IPEndPoint)_upstream.LocalEndPoint!).Port;
        var config = ProxyFixture.Make(
            cluster: cluster => cluster with { Endpoints = [ProxyFixture.Endpoint(port)] },
            listener: listener => listener with { Address = new Address("127.0.0.1", 0) });
        var prepared = _role.PrepareAsync(config, default).GetAwaiter().GetResult();
        Assert.Empty(prepared.Mistakes);
        prepared.Commit();
    }

    public void Dispose()
    {
        _role.StopAsync(default).Wait(TimeSpan.FromSeconds(10));
        var left = _loop.InvokeAsync(() => _loop.Slabs.Rented).GetAwaiter().GetResult();
        _loop.Stop();
        Assert.True(_loop.Join(TimeSpan.FromSeconds(10)));
        _sockets.ForEach(socket => socket.Dispose());
        _upstream.Dispose();
        _logs.Dispose();
        Assert.Equal(0, left);
        Assert.Empty(_logger.Errors);
    }

    [Fact]
    public void Pipelined_requests_are_answered_in_order_on_one_upstream_connection()
    {
        var client = Connect(Get + Get.Replace("/ ", "/2 ", StringComparison.Ordinal));
        var upstream = Accept();
        Assert.StartsWith("GET / ", Read(upstream, "\r\n\r\n"));
        Send(upstream, Ok);
        Assert.StartsWith("GET /2 ", Read(upstream, "\r\n\r\n"));
        Send(upstream, Ok.Replace("ok", "k2", StringComparison.Ordinal));
        Assert.Contains("ok", Read(client, "k2"));
    }

    [Fact]
    public void Bytes_on_an_idle_upstream_connection_never_answer_the_next_request()
    {
        var client = Connect(Get);
        var first = Accept();
        Read(first, "\r\n\r\n");
        Send(first, Ok);
        Read(client, "ok");
        Send(first, Ok.Replace("ok", "no", StringComparison.Ordinal));
        Settle();
        Send(client, Get);
        var second = Accept();
        Read(second, "\r\n\r\n");
        Send(second, Ok);
        Assert.EndsWith("ok", Read(client, "\r\n\r\nok"));
        AssertReset(first);
    }

    [Fact]
    public void A_client_that_leaves_resets_its_upstream_connection()
    {
        var client = Connect(Get);
        var upstream = Accept();
        Read(upstream, "\r\n\r\n");
        Reset(client);
        AssertReset(upstream);
    }

    [Fact]
    public void A_request_with_the_end_right_behind_it_is_served()
    {
        var client = Connect(Get);
        client.Shutdown(SocketShutdown.Send);
        var upstream = Accept();
        Read(upstream, "\r\n\r\n");
        Send(upstream, Ok);
        Assert.EndsWith("ok", ReadToEnd(client));
    }

    [Fact]
    public void A_client_that_goes_on_sending_still_reads_its_early_answer()
    {
        var client = Connect("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n");
        var upstream = Accept();
        Read(upstream, "\r\n\r\n");
        Send(upstream, "HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig");
        Reset(upstream, after: () => Settle());
        Send(client, new string('x', 100_000));
        Settle();
        Send(client, new string('x', 100_000));
        Assert.EndsWith("big", ReadToEnd(client));
    }

    [Fact]
    public void A_connection_whose_end_comes_with_its_answer_is_not_used_again()
    {
        var client = Connect(Get);
        for (var i = 0; i < 20; i++)
        {
            using var upstream = Accept();
            Read(upstream, "\r\n\r\n");
            Send(upstream, Ok);
            upstream.Shutdown(SocketShutdown.Send);
            Read(client, "\r\n\r\nok");
            Send(client, Get);
        }
    }

    [Fact]
    public void A_cut_answer_is_a_reset_for_the_client()
    {
        var client = Connect(Get);
        var upstream = Accept();
        Read(upstream, "\r\n\r\n");
        Send(upstream, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
        Read(client, "abc");
        upstream.Shutdown(SocketShutdown.Send);
        AssertReset(client);
    }

    [Fact]
    public void A_tunnel_carries_each_direction_to_its_own_end()
    {
        var client = Connect("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nfirst");
        var upstream = Accept();
        Read(upstream, "\r\n\r\n");
        Send(upstream, "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nhello");
        Assert.EndsWith("hello", Read(client, "hello"));
        Read(upstream, "first");
        client.Shutdown(SocketShutdown.Send);
        Assert.Equal("", ReadToEnd(upstream));
        var large = new string('y', 3_000_000);
        var sending = new Thread(() =>
        {
            Send(upstream, large);
            upstream.Shutdown(SocketShutdown.Send);
        });
        sending.Start();
        Assert.Equal(large.Length, ReadToEnd(client).Length);
        sending.Join();
    }

    private static void Send(Socket socket, string text)
    {
        for (var bytes = Encoding.Latin1.GetBytes(text).AsSpan(); !bytes.IsEmpty;)
        {
            bytes = bytes[socket.Send(bytes)..];
        }
    }

    private static string Read(Socket socket, string until)
    {
        var text = new StringBuilder();
        var buffer = new byte[64 * 1024];
        while (!text.ToString().Contains(until, StringComparison.Ordinal))
        {
            var count = socket.Receive(buffer);
            Assert.True(count > 0, $"the connection ended behind '{text}'");
            text.Append(Encoding.Latin1.GetString(buffer, 0, count));
        }

        return text.ToString();
    }

    private static string ReadToEnd(Socket socket)
    {
        var text = new StringBuilder();
        var buffer = new byte[64 * 1024];
        while (socket.Receive(buffer) is var count and > 0)
        {
            text.Append(Encoding.Latin1.GetString(buffer, 0, count));
        }

        return text.ToString();
    }

    private static void AssertReset(Socket socket) =>
        Assert.Equal(SocketError.ConnectionReset, Assert.Throws<SocketException>(() => ReadToEnd(socket)).SocketErrorCode);

    private static void Reset(Socket socket, Action? after = null)
    {
        after?.Invoke();
        socket.LingerState = new LingerOption(true, 0);
        socket.Close();
    }

    private Socket Connect(string text)
    {
        var socket = Keep(new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        socket.Connect(_role.Live.Listeners[0].Bound.EndPoint);
        Send(socket, text);
        return socket;
    }

    private Socket Accept()
    {
        Assert.True(_upstream.Poll(TimeSpan.FromSeconds(10), SelectMode.SelectRead), "the proxy has not connected");
        return Keep(_upstream.Accept());
    }

    private Socket Keep(Socket socket)
    {
        socket.ReceiveTimeout = socket.SendTimeout = 10_000;
        _sockets.Add(socket);
        return socket;
    }

    // What was sent on loopback is there once the loop has turned twice: its first turn may have begun before.
    private void Settle()
    {
        for (var i = 0; i < 3; i++)
        {
            _loop.InvokeAsync(() => 0).GetAwaiter().GetResult();
        }
    }
}
