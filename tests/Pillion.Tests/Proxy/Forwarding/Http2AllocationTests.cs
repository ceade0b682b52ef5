using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Pillion.Core.Configuration;
using Pillion.Core.Identity.Secrets;
using Pillion.Core.Signals.AccessLog;
using Pillion.Core.Signals.Metrics;
using Pillion.Core.Signals.Records;
using Pillion.Net;
using Pillion.Net.Http;
using Pillion.Net.Http.Http1;
using Pillion.Net.Http.Http2;
using Pillion.Net.Linux;
using Pillion.Net.Loop;
using Pillion.Net.Sockets;
using Pillion.Net.Tls;
using Pillion.Proxy;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Configuration.Transport;
using Pillion.Tests.Net.Tls;
using Pillion.Tests.Support;
using Xunit;
using HttpMethod = Pillion.Net.Http.HttpMethod;

namespace Pillion.Tests.Proxy.Forwarding;

/// <summary>The budget of DESIGN §6 where HTTP/2, TLS or both are spoken on either side: nothing is allocated for a forwarded request once everything is warm.</summary>
public sealed class Http2AllocationTests : IDisposable, IHttp2Requests, IHttp2Upstream
{
    private const int Clients = 32;
    private const int WarmUp = 6_000;
    private const int Measured = 5_000;

    private readonly EpollNetwork _network = new();
    private readonly EventLoop _proxy;
    private readonly EventLoop _outside;
    private readonly AccessLogs _logs;
    private readonly ProxyRole _role;
    private readonly List<Func<ClientStream>> _openers = [];
    private TlsServerContext? _serverTls;
    private TlsClientContext? _clientTls;
    private int _done;
    private long _bytes;
    private volatile bool _isRead;

    public Http2AllocationTests()
    {
        _proxy = _network.CreateLoop(0, TimeProvider.System);
        _outside = _network.CreateLoop(1, TimeProvider.System);
        var metrics = new MetricRegistry(1, TimeProvider.System);
        _logs = new AccessLogs(1, metrics, NullLogger.Instance, open: _ => new MemoryLines());
        _role = new ProxyRole(new ProxyContext
        {
            Network = _network,
            Loops = [_proxy],
            Metrics = metrics,
            AccessLogs = _logs,
            Records = new RequestRecords(TimeProvider.System),
            Secrets = new SecretStore(metrics, TimeProvider.System, NullLogger.Instance),
            Resolver = null!,
            Time = TimeProvider.System,
            Random = new Random(1),
            Logger = NullLogger.Instance,
        });
        _logs.Start();
        _proxy.Start();
        _outside.Start();
    }

    public void Dispose()
    {
        foreach (var loop in (EventLoop[])[_proxy, _outside])
        {
            loop.Stop();
            Assert.True(loop.Join(TimeSpan.FromSeconds(10)));
        }

        _logs.Dispose();
        _serverTls?.Dispose();
        _clientTls?.Dispose();
    }

    [Theory]
    [InlineData(2, 1, false, false)]
    [InlineData(1, 2, false, false)]
    [InlineData(2, 2, false, false)]
    [InlineData(2, 2, false, true)]
    [InlineData(1, 1, true, false)]
    [InlineData(2, 1, true, false)]
    [InlineData(1, 2, true, false)]
    [InlineData(2, 2, true, true)]
    public async Task A_forwarded_request_allocates_nothing_once_everything_is_warm(int from, int to, bool isTls, bool hasBody)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "epoll is Linux's");
#if DEBUG
        Assert.Skip("the compiler makes state machines classes in debug builds");
#endif
        if (isTls)
        {
            _serverTls = new TlsServerContext(TlsFixture.ServerSettings with { ApplicationProtocols = [to == 2 ? "h2" : "http/1.1"] });
            _clientTls = new TlsClientContext(TlsFixture.ClientSettings with { ApplicationProtocols = [from == 2 ? "h2" : "http/1.1"] });
        }

        var upstream = await _outside.InvokeAsync(() => _network.Listen(_outside, new IPEndPoint(IPAddress.Loopback, 0), shared: false).Listener!);
        _outside.Post(() => _ = AcceptAsync(upstream, to == 2));
        var authority = new PeerTrustConfig { Authorities = SecretPart.Inline(TlsFixture.Authority.Pem) };
        var config = ProxyFixture.Make(
            cluster: cluster => cluster with
            {
                Endpoints = [ProxyFixture.Endpoint(((IPEndPoint)upstream.LocalEndPoint).Port)],
                Protocol = to == 2 ? HttpProtocol.Http2 : HttpProtocol.Http1,
                Tls = isTls ? new UpstreamTlsConfig { Trust = authority, ServerName = "server.test" } : null,
            },
            listener: listener => listener with
            {
                Address = new Address("127.0.0.1", 0),
                Chains =
                [
                    listener.Chains[0] with
                    {
                        Tls = !isTls ? null : new DownstreamTlsConfig
                        {
                            Certificates = [new CertificateConfig { Chain = SecretPart.Inline(TlsFixture.ServerLeaf.ChainPem), Key = SecretPart.Inline(TlsFixture.ServerLeaf.KeyPem) }],
                        },
                    },
                ],
            });
        var prepared = await _role.PrepareAsync(config, TestContext.Current.CancellationToken);
        Assert.Empty(prepared.Mistakes);
        prepared.Commit();

        await RunAsync(from == 2, hasBody, WarmUp);

        // More requests at once than ever before make an object or two: what each request allocated would show in every round.
        var rounds = new List<long>();
        while (rounds.Count < 6 && !rounds.Contains(0))
        {
            var before = Allocated();
            await RunAsync(from == 2, hasBody, Measured);
            rounds.Add(Allocated() - before);
        }

        Assert.True(rounds.Contains(0), $"{string.Join(", ", rounds)} bytes for {Measured} requests each");
        await _role.StopAsync(TestContext.Current.CancellationToken);
    }

    private async Task RunAsync(bool isHttp2, bool hasBody, int count)
    {
        _done = 0;
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _outside.Post(() => _ = StartAsync());
        await all.Task.WaitAsync(TimeSpan.FromSeconds(60));

        async Task StartAsync()
        {
            try
            {
                // HTTP/2: eight requests at once on each connection.
                while (_openers.Count < Clients)
                {
                    var connection = (await _network.ConnectAsync(_outside, _role.Live.Listeners[0].Bound.EndPoint)).Connection!;
                    if (_clientTls is not null)
                    {
                        connection = (await TlsHandshake.ConnectAsync(connection, _clientTls, "server.test", default)).Connection!;
                    }

                    if (isHttp2)
                    {
                        var client = new Http2ClientConnection(connection, HttpRules.Default, Http2Settings.Default, this);
                        client.Start();
                        _openers.AddRange(Enumerable.Repeat<Func<ClientStream>>(() => client.TryOpen()!, 8));
                    }
                    else
                    {
                        var stream = new Http1ClientStream(connection, HttpRules.Default);
                        _openers.Add(() => stream);
                    }
                }

                await Task.WhenAll(_openers.Select(AskAsync));
                all.TrySetResult();
            }
            catch (Exception exception)
            {
                all.TrySetException(exception);
            }
        }

        async Task AskAsync(Func<ClientStream> open)
        {
            var request = new RequestHead { Body = hasBody ? BodyKind.Length : BodyKind.None, ContentLength = hasBody ? 5 : 0 };
            request.SetMethod(hasBody ? HttpMethod.Post : HttpMethod.Get, hasBody ? "POST"u8 : "GET"u8);
            request.SetTarget("/a?b=c"u8);
            request.SetAuthority("orders"u8);
            request.Fields.Add(KnownField.Host, "orders"u8);
            request.Fields.Add("user-agent"u8, "test"u8);
            var response = new ResponseHead();
            while (Interlocked.Increment(ref _done) <= count)
            {
                var stream = open();
                Assert.True(stream.WriteHead(request));
                if (hasBody)
                {
                    var slab = _outside.Slabs.Rent();
                    slab.TryAppend("hello"u8);
                    await stream.SendBodyAsync(slab, 5);
                    _outside.Slabs.Return(slab);
                }

                await stream.FinishAsync(null);
                Assert.Equal(HeadOutcome.Received, (await stream.ReceiveHeadAsync(response, request.Method)).Outcome);
                Assert.Equal(200, response.Status);
                await DrainAsync(stream);
                (stream as Http2ClientStream)?.Release();
            }
        }
    }

    private static async Task DrainAsync(HttpStream stream)
    {
        while (true)
        {
            var part = await stream.ReceiveBodyAsync();
            if (part.Event != BodyEvent.Data)
            {
                Assert.Equal(BodyEvent.End, part.Event);
                return;
            }

            part.Slab!.Consume(part.Count);
        }
    }

    private async Task AcceptAsync(Listener listener, bool isHttp2)
    {
        while ((await listener.AcceptAsync()).Connection is { } connection)
        {
            if (_serverTls is not null)
            {
                connection = (await TlsHandshake.AcceptAsync(connection, _serverTls, default)).Connection!;
            }

            if (isHttp2)
            {
                _ = new Http2ServerConnection(connection, HttpRules.Default, Http2Settings.Default, this).ServeAsync(TimeSpan.Zero);
            }
            else
            {
                _ = ServeAsync(new Http1ServerStream(connection, HttpRules.Default));
            }
        }
    }

    private async Task ServeAsync(Http1ServerStream stream)
    {
        while ((await stream.ReceiveHeadAsync(default, default)).Outcome == HeadOutcome.Received)
        {
            await AnswerAsync(stream);
        }

        stream.Dispose();
    }

    private async Task AnswerAsync(ServerStream stream)
    {
        await DrainAsync(stream);
        var response = new ResponseHead { Status = 200, Body = BodyKind.Length, ContentLength = 9 };
        response.Fields.Add(KnownField.ContentType, "text/plain"u8);
        stream.WriteHead(response, close: false);
        var slab = _outside.Slabs.Rent();
        slab.TryAppend("hello-end"u8);
        await stream.SendBodyAsync(slab, 9);
        _outside.Slabs.Return(slab);
        await stream.FinishAsync(null);
    }

    void IHttp2Requests.RequestArrived(Http2ServerStream stream)
    {
        _ = ServeAsync();

        async Task ServeAsync()
        {
            await AnswerAsync(stream);
            stream.Complete();
        }
    }

    void IHttp2Upstream.StreamReleased(Http2ClientConnection connection)
    {
    }

    void IHttp2Upstream.GoingAway(Http2ClientConnection connection)
    {
    }

    void IHttp2Upstream.Closed(Http2ClientConnection connection, IoError error)
    {
    }

    // Read by the loop's own thread; nothing is allocated there for the question itself.
    private long Allocated()
    {
        _isRead = false;
        _proxy.Post(() =>
        {
            _bytes = GC.GetAllocatedBytesForCurrentThread();
            _isRead = true;
        });
        var spin = new SpinWait();
        while (!_isRead)
        {
            spin.SpinOnce();
        }

        return _bytes;
    }
}
