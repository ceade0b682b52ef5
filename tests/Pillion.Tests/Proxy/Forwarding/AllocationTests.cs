using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Pillion.Core.Configuration;
using Pillion.Core.Signals.AccessLog;
using Pillion.Core.Signals.Metrics;
using Pillion.Core.Signals.Otlp;
using Pillion.Core.Signals.Records;
using Pillion.Core.Signals.Tracing;
using Pillion.Net;
using Pillion.Net.Linux;
using Pillion.Net.Loop;
using Pillion.Net.Memory;
using Pillion.Net.Sockets;
using Pillion.Proxy;
using Pillion.Proxy.Filters;
using Pillion.Proxy.Filters.RateLimits;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Clusters.Levels;
using Pillion.Proxy.Configuration.Balancing;
using Pillion.Proxy.Filters.Affinity;
using Pillion.Tests.Proxy.Filters.Jwt;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Proxy.Forwarding;

/// <summary>The budget of DESIGN §6: a forwarded request allocates nothing in the steady state, over real sockets, with every signal on.</summary>
public sealed class AllocationTests : IDisposable
{
    private const int Connections = 32;
    private const int WarmUp = 4_000;
    private const int Measured = 5_000;

    private readonly EpollNetwork _network = new();
    private readonly EventLoop _proxy;
    private readonly EventLoop _outside;
    private readonly AccessLogs _logs;
    private readonly ProxyRole _role;
    private readonly List<Connection> _clients = [];
    private int _done;
    private long _bytes;
    private volatile bool _isRead;

    public AllocationTests()
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
            Secrets = new Pillion.Core.Identity.Secrets.SecretStore(metrics, TimeProvider.System, NullLogger.Instance),
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
    }

    [Fact]
    public Task A_traced_request_allocates_nothing_either() =>
        // The collector's cluster is not there: what waits is given up off the loop, and most of what comes finds no room. Both are the loop's ways with a span.
        MeasureAsync(
            "GET / HTTP/1.1\r\nHost: orders\r\nUser-Agent: test\r\nX-Tenant: acme\r\ntraceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n\r\nhello-end",
            [],
            http =>
            {
                var otlp = new OtlpConfig { Cluster = "collector" };
                return http with
                {
                    Tracing = new TracingConfig { Export = otlp, Formats = [TraceFormat.W3c, TraceFormat.B3Multi], Tags = [new CustomTag("tenant", null, "x-tenant", null)] },
                    AccessLogs = [.. http.AccessLogs, new AccessLogConfig { Path = "otlp", Otlp = otlp }],
                };
            });

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: orders\r\nUser-Agent: test\r\nAccept: */*\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n\r\nhello-end")]
    [InlineData("POST /a?b=c HTTP/1.1\r\nHost: orders\r\nContent-Length: 5\r\n\r\nhello", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhello-end\r\n0\r\n\r\n")]
    [InlineData("PUT /a HTTP/1.1\r\nHost: orders\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello-end")]
    public Task A_forwarded_request_allocates_nothing_once_everything_is_warm(string request, string answer) => MeasureAsync(request, answer, []);

    [Fact]
    public Task Neither_does_one_that_passes_rate_limits_of_each_kind() => MeasureAsync(
        "GET / HTTP/1.1\r\nHost: orders\r\nx-team: a\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello-end",
        [
            new RateLimitConfig
            {
                Limits =
                [
                    new() { Burst = 1_000_000, Tokens = 1_000_000 },
                    new() { Burst = 1_000_000, Tokens = 1_000_000, Per = RateKey.Client },
                    new() { Burst = 1_000_000, Tokens = 1_000_000, Per = RateKey.Identity },
                    new() { Burst = 1_000_000, Tokens = 1_000_000, Per = RateKey.Header, Header = "x-team" },
                ],
                TellsRest = true,
            },
        ]);

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: orders\r\nX-User: 7\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello-end")]
    [InlineData("POST /a HTTP/1.1\r\nHost: orders\r\nIdempotency-Key: 7\r\nContent-Length: 5\r\n\r\nhello", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello-end")]
    public Task Under_retries_that_are_announced_and_a_split_it_allocates_nothing_either(string request, string answer) => MeasureAsync(request, answer, [], forward: forward => forward with
    {
        Cluster = "",
        Split = new SplitConfig { Parts = [new() { Cluster = "app", Weight = 9 }, new() { Cluster = "app", Weight = 1 }], By = SplitBy.Header, ByName = "x-user" },
        Retry = new RetryConfig
        {
            On = RetryOn.ServerError | RetryOn.Headers,
            OnHeaders = [new() { Name = "x-again" }],
            PerTryTimeout = TimeSpan.FromSeconds(5),
            PerTryIdleTimeout = TimeSpan.FromSeconds(5),
            IdempotencyKey = "Idempotency-Key",
            RateLimitBackOff = RateLimitBackOffConfig.Default,
            Announces = true,
            Yields = true,
            TellsClient = true,
        },
    });

    [Fact]
    public Task Neither_does_one_whose_endpoint_is_watched_for_outliers() => MeasureAsync(
        "GET / HTTP/1.1\r\nHost: orders\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello-end",
        [],
        change: config => config with { Clusters = [.. config.Clusters.Select(cluster => cluster with { Outliers = new() })] });

    // Everything a choice can depend on: a hash with a bound and a new cookie, a session, labels, zones' weights, latency, slow start. Where chance would
    // make the connections to each of two endpoints more and fewer, and so new ones, there is one.
    [Theory]
    [InlineData("ring_hash", "x: 1", 1)]
    [InlineData("ring_hash", "x-user: 7\r\nCookie: session=MTI3LjAuMC4xOjE=; shard=1", 2)]
    [InlineData("maglev", "x-user: 7\r\nx-user: 8\r\nCookie: shard=1", 2)]
    [InlineData("peak_ewma", "x-user: 7", 2)]
    [InlineData("least_request", "x-user: 7", 2)]
    [InlineData("round_robin", "x-user: 7", 2)]
    [InlineData("random", "x-user: 7", 1)]
    public Task A_choice_by_every_rule_there_is_allocates_nothing_either(string balancer, string header, int endpoints) => MeasureAsync(
        $"GET /a?user=5 HTTP/1.1\r\nHost: orders\r\n{header}\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello-end",
        [],
        change: config => config with
        {
            Clusters = [.. config.Clusters.Select(cluster => cluster with
            {
                Balancer = balancer,
                Balancing = new()
                {
                    MaxLoadPercent = 150,
                    WeighsLocalities = true,
                    SlowStart = new() { Window = TimeSpan.FromHours(1) },
                    Subsets = new() { Selectors = [new(["version"])] },
                },
                
                // Two addresses of the one listener, so that there is a choice.
                Endpoints = [.. new[] { "127.0.0.1", "127.0.0.2" }.Take(endpoints).Select(host => new EndpointConfig { Address = new(host, cluster.Endpoints[0].Address.Port), Labels = Version1, LocalityWeight = 2 })],
            })],
            Listeners = [.. config.Listeners.Select(listener => listener with { Chains = [.. listener.Chains.Select(chain => chain with { Http = Chosen(chain.Http!) })] })],
        });

    private static LabelSet Version1 { get; } = new([new("version", "v1")]);

    private static HttpConfig Chosen(HttpConfig http)
    {
        var route = http.Routes.VirtualHosts[0].Routes[0];
        HashPolicyConfig[] hash =
        [
            new(HashSource.Header, "x-user"), new(HashSource.Query, "user"), new(HashSource.Path), new(HashSource.Source), new(HashSource.Cookie, "shard") { CookieTtl = TimeSpan.FromHours(1), CookiePath = "/" },
        ];
        route = route with
        {
            Action = (ForwardConfig)route.Action with { HashPolicies = new(hash), Labels = Version1 },
            Filters = [new AffinityConfig { Name = "session", Path = "/" }],
        };
        return http with { Routes = http.Routes with { VirtualHosts = [http.Routes.VirtualHosts[0] with { Routes = [route] }] } };
    }

    [Fact]
    public Task Neither_does_one_whose_token_came_before() => MeasureAsync(
        $"GET /a?b=c HTTP/1.1\r\nHost: orders\r\nAuthorization: Bearer {Issuer.Token(change: claims => claims["exp"] = 4102444800L)}\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello-end",
        [JwtFilterTests.Config([JwtFilterTests.Provider with { MaxLifetime = default, PayloadHeader = "x-payload", ClaimHeaders = [new("x-user", "sub")] }])]);

    private async Task MeasureAsync(string request, string answer, ValueList<FilterConfig> filters, Func<HttpConfig, HttpConfig>? http = null, Func<ForwardConfig, ForwardConfig>? forward = null, Func<ProxyConfig, ProxyConfig>? change = null)
    {
#if DEBUG
        Assert.Skip("the compiler makes state machines classes in debug builds");
#endif
        var upstream = await _outside.InvokeAsync(() => _network.Listen(_outside, new IPEndPoint(IPAddress.Any, 0), shared: false).Listener!);
        _outside.Post(() => _ = AcceptAsync(upstream, answer));
        var config = ProxyFixture.Make(
            forward,
            http: http,
            cluster: cluster => cluster with { Endpoints = [ProxyFixture.Endpoint(((IPEndPoint)upstream.LocalEndPoint).Port)] },
            listener: listener => listener with { Address = new Address("127.0.0.1", 0) },
            route: route => route with { Filters = filters });
        config = change?.Invoke(config) ?? config;
        var prepared = await _role.PrepareAsync(config, TestContext.Current.CancellationToken);
        Assert.Empty(prepared.Mistakes);
        prepared.Commit();

        await RunAsync(request, WarmUp);

        // More requests at once than ever before make an object or two: what each request allocated would show in every round.
        var rounds = new List<long>();
        while (rounds.Count < 4 && !rounds.Contains(0))
        {
            var before = Allocated();
            await RunAsync(request, Measured);
            rounds.Add(Allocated() - before);
        }

        Assert.True(rounds.Contains(0), $"{string.Join(", ", rounds)} bytes for {Measured} requests each");
        await _role.StopAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Neither_does_one_that_proves_itself_and_is_allowed_by_rules()
    {
        var directory = Directory.CreateTempSubdirectory();
        string Write(string name, string content)
        {
            File.WriteAllText(Path.Combine(directory.FullName, name), content);
            return Path.Combine(directory.FullName, name);
        }

        try
        {
            await MeasureAsync(
                "GET /orders/1?x=1 HTTP/1.1\r\nHost: shop.example\r\nOrigin: https://shop.example\r\nCookie: a=b; key=k1\r\nAuthorization: Basic YWRhOmxvdmVsYWNl\r\nX-Forwarded-For: 10.1.2.3\r\nx-team: a\r\n\r\n",
                "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello-end",
                PolicyText.Native($$"""
                    cors: { origins: ['https://*.shop.example', 'https://shop.example'], credentials: true, expose_headers: x-total }
                    api_keys: { file: '{{Write("keys", "mobile:k1")}}', from: { cookie: key }, client_header: x-client }
                    basic_auth: { file: '{{Write("users", "ada:{SHA}" + Convert.ToBase64String(System.Security.Cryptography.SHA1.HashData("lovelace"u8)))}}', user_header: x-user }
                    authorization:
                      deny:
                      - { paths: [/admin/*, '*.php'], not_peers: 10.0.0.0/8 }
                      - { identities: spiffe://other.example, dry_run: true }
                      - { clients: 192.0.2.0/24, headers: { x-team: { not: true, prefix: b } }, query: { x: '2' } }
                      allow:
                      - { methods: POST, users: '*' }
                      - { hosts: '*.example', paths: /orders/*, users: ada, api_clients: mobile, ports: 1-65535, headers: { x-team: { regex: '[a-z]+' } } }
                    credential: { file: '{{Write("secret", "t0ps3cret")}}', prefix: 'Bearer ' }
                    """));
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }


    private async Task RunAsync(string request, int count)
    {
        _done = 0;
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _outside.Post(() => _ = StartAsync());
        await all.Task.WaitAsync(TimeSpan.FromSeconds(60));

        async Task StartAsync()
        {
            while (_clients.Count < Connections)
            {
                var result = await _network.ConnectAsync(_outside, _role.Live.Listeners[0].Bound.EndPoint);
                _clients.Add(result.Connection!);
            }

            foreach (var connection in _clients)
            {
                _ = AskAsync(connection);
            }
        }

        async Task AskAsync(Connection connection)
        {
            var bytes = System.Text.Encoding.ASCII.GetBytes(request);
            while (Interlocked.Increment(ref _done) is var number && number <= count)
            {
                var slab = _outside.Slabs.Rent();
                slab.TryAppend(bytes);
                var sent = await connection.SendAsync(slab, slab.Length);
                while (sent.IsOk && !IsWhole(slab))
                {
                    sent = await connection.ReceiveAsync(slab);
                    if (sent.Count == 0)
                    {
                        all.TrySetException(new InvalidOperationException($"the proxy closed: {System.Text.Encoding.ASCII.GetString(slab.Filled)}"));
                        return;
                    }
                }

                _outside.Slabs.Return(slab);
            }

            if (_done == count + Connections)
            {
                all.TrySetResult();
            }
        }
    }

    private static bool IsWhole(Slab slab) => slab.Filled.EndsWith("hello-end"u8) || slab.Filled.EndsWith("0\r\n\r\n"u8);

    private async Task AcceptAsync(Listener listener, string answer)
    {
        while ((await listener.AcceptAsync()).Connection is { } connection)
        {
            _ = ServeAsync(connection, System.Text.Encoding.ASCII.GetBytes(answer));
        }
    }

    private async Task ServeAsync(Connection connection, byte[] answer)
    {
        while (true)
        {
            var slab = _outside.Slabs.Rent();
            IoResult result;
            do
            {
                result = await connection.ReceiveAsync(slab);
            }
            while (result is { IsOk: true, Count: > 0 } && !IsWholeRequest(slab));

            var more = result is { IsOk: true, Count: > 0 };
            slab.Clear();
            slab.TryAppend(answer);
            if (more)
            {
                await connection.SendAsync(slab, slab.Length);
            }

            _outside.Slabs.Return(slab);
            if (!more)
            {
                connection.Close();
                return;
            }
        }
    }

    private static bool IsWholeRequest(Slab slab) =>
        slab.Filled.StartsWith("GET"u8) ? slab.Filled.EndsWith("\r\n\r\n"u8) :
        slab.Filled.StartsWith("POST"u8) ? slab.Filled.EndsWith("hello"u8) : slab.Filled.EndsWith("0\r\n\r\n"u8);

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
