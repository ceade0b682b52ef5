using System.Text;
using Pillion.Net.Detection;
using Pillion.Net.InMemory;
using Pillion.Net.Loop;
using Pillion.Net.Memory;
using Pillion.Net.Sockets;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Net.Detection;

public sealed class DetectorTests : IDisposable
{
    private const string Header1 = "PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\r\n";

    private readonly ManualTimeProvider _time = new();
    private readonly EventLoop _loop;
    private readonly MemoryConnection _client;
    private readonly MemoryConnection _server;
    private readonly DetectionMemory _memory;

    public DetectorTests()
    {
        _loop = new MemoryNetwork().CreateLoop(0, _time);
        (_client, _server) = MemoryConnection.Pair(_loop, _loop);
        _memory = new DetectionMemory(_loop);
    }

    public void Dispose()
    {
        Run(() =>
        {
            _client.Close();
            _server.Close();
            return Task.CompletedTask;
        }).GetAwaiter().GetResult();
        Assert.Equal(0, _loop.Slabs.Rented);
        _loop.Dispose();
    }

    [Fact]
    public void A_request_is_told_by_its_first_bytes_which_are_still_there_to_receive()
    {
        var detecting = Detect(new DetectionSettings());
        Send("GET /orders");
        Assert.Equal(DetectedKind.Http1, detecting.Result.Kind);
        Assert.Equal(11, detecting.Result.BytesSeen);
        Send(" HTTP/1.1\r\n");
        Assert.Equal("GET /orders HTTP/1.1\r\n", Receive(22));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(1000)]
    public void A_tls_client_is_told_with_its_name_and_protocols_however_it_is_cut(int atOnce)
    {
        _server.MaxBytesPerReceive = atOnce;
        var hello = Hellos.FromClient("orders.example", default, "h2", "http/1.1");
        var detecting = Detect(new DetectionSettings());
        Send(hello);
        Assert.Equal(DetectedKind.Tls, detecting.Result.Kind);
        Assert.Equal("orders.example", detecting.Result.ServerName);
        Assert.Equal(["h2", "http/1.1"], detecting.Result.ApplicationProtocols);
        Assert.Equal(hello, Encoding.Latin1.GetBytes(Receive(hello.Length)));
    }

    [Fact]
    public void A_hello_larger_than_a_small_slab_is_read_and_given_back_whole()
    {
        var hello = Hellos.Split(Hellos.Message([.. Hellos.Extension(51, new byte[13_000]), .. Hellos.NameExtension("a.example")]), 16_000);
        var detecting = Detect(new DetectionSettings());
        Send(hello);
        Assert.Equal("a.example", detecting.Result.ServerName);
        Assert.Equal(hello, Encoding.Latin1.GetBytes(Receive(hello.Length)));
    }

    [Fact]
    public void The_hello_is_not_waited_for_where_nobody_asks()
    {
        var detecting = Detect(new DetectionSettings { ReadClientHello = false });
        Send([22, 3]);
        Assert.Equal(DetectedKind.Tls, detecting.Result.Kind);
        Assert.Null(detecting.Result.ServerName);
    }

    [Fact]
    public void Http2_by_prior_knowledge_is_told()
    {
        var detecting = Detect(new DetectionSettings());
        Send("PRI * HT");
        Assert.False(detecting.IsCompleted);
        Send("TP/2.0\r\n\r\nSM\r\n\r\n");
        Assert.Equal(DetectedKind.Http2, detecting.Result.Kind);
    }

    [Fact]
    public void A_hello_that_is_garbage_is_opaque()
    {
        var detecting = Detect(new DetectionSettings());
        Send([22, 3, 1, 0, 0, 9]);
        Assert.Equal(DetectedKind.Opaque, detecting.Result.Kind);
        Assert.Equal("\u0016\u0003\u0001\0\0\u0009", Receive(6));
    }

    [Fact]
    public void A_silent_client_is_no_error_and_holds_no_memory()
    {
        var detecting = Detect(new DetectionSettings());
        Pass(499);
        Assert.False(detecting.IsCompleted);
        Assert.Equal(0, _loop.Slabs.Rented);
        Pass(1);
        Assert.Equal(DetectedKind.Silent, detecting.Result.Kind);
        Send("late");
        Assert.Equal("late", Receive(4));
    }

    [Fact]
    public void Where_the_server_is_known_to_speak_first_a_silent_client_is_hardly_waited_for()
    {
        _memory.Remember(_server.Local, TimeSpan.Zero);
        var detecting = Detect(new DetectionSettings());
        Pass(9);
        Assert.False(detecting.IsCompleted);
        Assert.Equal(0, _loop.Slabs.Rented);
        Pass(1);
        Assert.Equal(DetectedKind.Silent, detecting.Result.Kind);
        Assert.True(_memory.ServerSpeaksFirst(_server.Local));
    }

    [Fact]
    public void A_client_that_speaks_after_all_is_recognised_and_corrects_the_memory()
    {
        _memory.Remember(_server.Local, TimeSpan.Zero);
        var detecting = Detect(new DetectionSettings());
        Pass(5);
        Send("GET / HTTP/1.1\r\n");
        Assert.Equal(DetectedKind.Http1, detecting.Result.Kind);
        Assert.False(_memory.ServerSpeaksFirst(_server.Local));
    }

    [Fact]
    public void What_is_remembered_is_of_the_destination_that_a_proxy_header_tells()
    {
        _memory.Remember(Pillion.Net.PeerAddress.From([198, 51, 100, 7], 443), TimeSpan.Zero);
        var detecting = Detect(new DetectionSettings { ProxyHeader = ProxyHeaderUse.Required });
        Send(Header1);
        Pass(10);
        Assert.Equal(DetectedKind.Silent, detecting.Result.Kind);
    }

    [Fact]
    public void A_client_that_stops_within_a_word_is_passed_on_with_what_it_said()
    {
        var detecting = Detect(new DetectionSettings());
        Send("GE");
        Pass(500);
        Assert.Equal(DetectedKind.Opaque, detecting.Result.Kind);
        Assert.Equal("GE", Receive(2));
    }

    [Fact]
    public void A_client_that_ends_within_a_word_is_passed_on_too()
    {
        var detecting = Detect(new DetectionSettings());
        Send("GE");
        Run(async () => await _client.ShutdownAsync());
        Assert.Equal(DetectedKind.Opaque, detecting.Result.Kind);
        Assert.Equal("GE", Receive(2));
    }

    [Fact]
    public void A_client_that_leaves_without_a_word_has_ended()
    {
        var detecting = Detect(new DetectionSettings());
        Run(async () => await _client.ShutdownAsync());
        Assert.Equal((DetectedKind.Ended, IoError.None), (detecting.Result.Kind, detecting.Result.Error));
    }

    [Fact]
    public void A_connection_that_breaks_has_ended_with_an_error()
    {
        var detecting = Detect(new DetectionSettings());
        Send("GE");
        Run(() =>
        {
            _client.Abort();
            return Task.CompletedTask;
        });
        Assert.Equal((DetectedKind.Ended, IoError.Reset), (detecting.Result.Kind, detecting.Result.Error));
    }

    [Fact]
    public void A_hello_that_has_begun_gets_more_time_than_silence_and_not_for_ever()
    {
        var detecting = Detect(new DetectionSettings());
        Send([22, 3, 1, 0, 200]);
        Pass(9_999);
        Assert.False(detecting.IsCompleted);
        Pass(1);
        Assert.Equal((DetectedKind.Violation, DetectionViolation.ClientHelloTimedOut), (detecting.Result.Kind, detecting.Result.Violation));
    }

    [Fact]
    public void The_callers_deadline_bounds_all()
    {
        var detecting = Run(async () => await Detector.DetectAsync(_server, new DetectionSettings(), Deadline.After(_loop, TimeSpan.FromMilliseconds(100))));
        Pass(100);
        Assert.Equal(DetectedKind.Silent, detecting.Result.Kind);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(1000)]
    public void A_proxy_header_gives_its_addresses_to_the_connection_and_is_not_seen_again(int atOnce)
    {
        _server.MaxBytesPerReceive = atOnce;
        var detecting = Detect(new DetectionSettings { ProxyHeader = ProxyHeaderUse.Required });
        Send(Header1 + "GET / HTTP/1.1\r\n");
        Assert.Equal(DetectedKind.Http1, detecting.Result.Kind);
        Assert.Equal(1, detecting.Result.ProxyHeader!.Version);
        Assert.Equal("192.0.2.1:56324", _server.Remote.ToString());
        Assert.Equal("198.51.100.7:443", _server.Local.ToString());
        Assert.Equal("GET / HTTP/1.1\r\n", Receive(16));
    }

    [Fact]
    public void A_local_header_leaves_the_addresses_alone()
    {
        var before = _server.Remote;
        var detecting = Detect(new DetectionSettings { ProxyHeader = ProxyHeaderUse.Required });
        Send([.. ProxyHeaderReaderTests.Version2(0x20, 0, []), .. "GET /"u8]);
        Assert.Equal(DetectedKind.Http1, detecting.Result.Kind);
        Assert.Equal(before, _server.Remote);
    }

    [Fact]
    public void Behind_a_proxy_header_silence_is_silence_again()
    {
        var detecting = Detect(new DetectionSettings { ProxyHeader = ProxyHeaderUse.Required });
        Pass(400);
        Send(Header1);
        Pass(499);
        Assert.False(detecting.IsCompleted);
        Assert.Equal(0, _loop.Slabs.Rented);
        Pass(1);
        Assert.Equal(DetectedKind.Silent, detecting.Result.Kind);
        Assert.NotNull(detecting.Result.ProxyHeader);
    }

    [Fact]
    public void Only_the_header_is_read_where_the_protocol_is_declared()
    {
        var detecting = Detect(new DetectionSettings { ProxyHeader = ProxyHeaderUse.Required, Protocol = false });
        Send(Header1);
        Assert.Equal(DetectedKind.Undetected, detecting.Result.Kind);
        Assert.Equal("192.0.2.1:56324", _server.Remote.ToString());
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\n", nameof(DetectionViolation.ProxyHeaderMissing))]
    [InlineData("PROXY TCP4 x\r\n", nameof(DetectionViolation.ProxyHeaderMalformed))]
    public void A_required_header_that_does_not_come_is_a_violation(string sent, string violation)
    {
        var detecting = Detect(new DetectionSettings { ProxyHeader = ProxyHeaderUse.Required });
        Send(sent);
        Assert.Equal((DetectedKind.Violation, Enum.Parse<DetectionViolation>(violation)), (detecting.Result.Kind, detecting.Result.Violation));
    }

    [Fact]
    public void A_required_header_is_waited_for_five_seconds()
    {
        var detecting = Detect(new DetectionSettings { ProxyHeader = ProxyHeaderUse.Required });
        Send("PROXY ");
        Pass(4_999);
        Assert.False(detecting.IsCompleted);
        Pass(1);
        Assert.Equal(DetectionViolation.ProxyHeaderTimedOut, detecting.Result.Violation);
    }

    [Fact]
    public void A_port_check_in_front_of_a_required_header_breaks_no_rule()
    {
        var detecting = Detect(new DetectionSettings { ProxyHeader = ProxyHeaderUse.Required });
        Run(async () => await _client.ShutdownAsync());
        Assert.Equal(DetectedKind.Ended, detecting.Result.Kind);
    }

    [Fact]
    public void An_optional_header_may_be_missing()
    {
        var detecting = Detect(new DetectionSettings { ProxyHeader = ProxyHeaderUse.Optional });
        Send("GET / HTTP/1.1\r\n");
        Assert.Equal(DetectedKind.Http1, detecting.Result.Kind);
        Assert.Null(detecting.Result.ProxyHeader);
        Assert.Equal("GET / HTTP/1.1\r\n", Receive(16));
    }

    [Fact]
    public void An_optional_header_that_is_broken_is_a_violation()
    {
        var detecting = Detect(new DetectionSettings { ProxyHeader = ProxyHeaderUse.Optional });
        Send("PROXY TCP4 1.2.3.4\r\n");
        Assert.Equal(DetectionViolation.ProxyHeaderMalformed, detecting.Result.Violation);
    }

    [Fact]
    public void Where_no_header_is_allowed_one_is_just_bytes()
    {
        var before = _server.Remote;
        var detecting = Detect(new DetectionSettings());
        Send(Header1);
        Assert.Equal(DetectedKind.Opaque, detecting.Result.Kind);
        Assert.Equal(before, _server.Remote);
        Assert.Equal(Header1, Receive(Header1.Length));
    }

    private Task<Detected> Detect(DetectionSettings settings) => Run(async () => await Detector.DetectAsync(_server, settings, memory: _memory));

    private void Send(string text) => Send(Encoding.Latin1.GetBytes(text));

    private void Send(byte[] bytes) => Run(async () =>
    {
        var slab = _loop.Slabs.Rent(Math.Max(bytes.Length, SlabPool.Small));
        slab.TryAppend(bytes);
        await _client.SendAsync(slab, bytes.Length);
        _loop.Slabs.Return(slab);
    });

    private string Receive(int count) => Run(async () =>
    {
        var slab = _loop.Slabs.Rent(Math.Max(count, SlabPool.Small));
        while (slab.Length < count)
        {
            Assert.NotEqual(0, (await _server.ReceiveAsync(slab)).Count);
        }

        var text = Encoding.Latin1.GetString(slab.Filled);
        _loop.Slabs.Return(slab);
        return text;
    }).Result;

    private void Pass(int milliseconds)
    {
        _time.Advance(TimeSpan.FromMilliseconds(milliseconds));
        _loop.RunUntilIdle();
    }

    private Task Run(Func<Task> body) => Run(async () =>
    {
        await body();
        return true;
    });

    private Task<T> Run<T>(Func<Task<T>> body)
    {
        Task<T>? task = null;
        _loop.Post(() => task = body());
        _loop.RunUntilIdle();
        return task!;
    }
}
