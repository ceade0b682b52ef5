using System.Net;
using Pillion.Core.Configuration;
using Pillion.Core.Identity.Secrets;
using Pillion.Core.Lifecycle;
using Pillion.Core.Overload;
using Pillion.Core.Signals;
using Pillion.Core.Signals.AccessLog;
using Pillion.Core.Signals.Metrics;
using Pillion.Core.Signals.Records;
using Pillion.Net;
using Pillion.Net.Http.Http2;
using Pillion.Net.InMemory;
using Pillion.Net.Loop;
using Pillion.Net.Memory;
using Pillion.Net.Sockets;
using Pillion.Net.Tls;
using Pillion.Proxy;
using Pillion.Proxy.Clusters.Dns;
using Pillion.Proxy.Configuration;
using Xunit;

namespace Pillion.Tests.Support;

/// <summary>
/// The whole proxy role on one hand-driven loop with a hand-advanced clock, over a memory network; clients and upstreams are raw bytes in
/// the test. Its end is a test of its own: everything must have been closed, given back and counted.
/// </summary>
internal sealed class ProxyFixture : IDisposable
{
    public const string LogPath = "/log/access";

    private readonly SlabPool _peerSlabs = new();
    private readonly List<RawPeer> _clients = [];
    private readonly List<Http2Client> _http2Clients = [];
    private readonly Dictionary<ScriptedUpstream, Listener> _upstreams = [];
    private readonly MemoryLines _lines = new();
    private readonly AccessLogs _logs;
    private bool _isStopped;

    public ProxyFixture(
        Func<ForwardConfig, ForwardConfig>? forward = null,
        Func<HttpConfig, HttpConfig>? http = null,
        Func<ClusterConfig, ClusterConfig>? cluster = null,
        Func<ListenerConfig, ListenerConfig>? listener = null,
        Func<RouteConfig, RouteConfig>? route = null,
        RetryConfig? retry = null,
        int bytesPerReceive = 0,
        int seed = 1,
        INameResolver? resolver = null)
    {
        Network.Faults = new MemoryFaults { MaxBytesPerReceive = bytesPerReceive };
        Loop = Network.CreateLoop(0, Clock);
        Metrics = new MetricRegistry(1, Clock);
        _logs = new AccessLogs(1, Metrics, Logger, open: _ => _lines);
        Role = new ProxyRole(new ProxyContext
        {
            Network = Network,
            Loops = [Loop],
            Metrics = Metrics,
            AccessLogs = _logs,
            Records = new RequestRecords(Clock),
            Secrets = new SecretStore(Metrics, Clock, Logger),
            Resolver = resolver!,
            Time = Clock,
            Random = new Random(seed),
            Overload = Overload,
            Logger = Logger,
        });
        Upstream = Listen(8080);
        Config = Make(forward, http, cluster, listener, route, retry);
        Assert.Empty(Reload(Config));
    }

    public ManualTimeProvider Clock { get; } = new();

    /// <summary>What is given up, as if memory were short.</summary>
    public OverloadState Overload { get; } = new();

    public MemoryNetwork Network { get; } = new();

    public EventLoop Loop { get; }

    public MetricRegistry Metrics { get; }

    public CollectedLogger Logger { get; } = new();

    public ProxyRole Role { get; }

    public ProxyConfig Config { get; private set; }

    /// <summary>The application at 127.0.0.1:8080, the only endpoint unless a test says otherwise.</summary>
    public ScriptedUpstream Upstream { get; }

    /// <summary>Slabs that the proxy holds now.</summary>
    public int SlabsRented => Loop.Slabs.Rented;

    public ClusterMetrics ClusterMetrics => Metrics.Cluster("app", 0);

    public HttpMetrics HttpMetrics => Metrics.Http("in", 0);

    /// <summary>The access log so far.</summary>
    public IReadOnlyList<string> Log
    {
        get
        {
            _logs.Flush();
            return _lines.Lines;
        }
    }

    /// <summary>Copies of the finished requests' records, newest first.</summary>
    public List<RequestRecord> Records
    {
        get
        {
            var records = new List<RequestRecord>();
            Role.Loops[0].Records.CopyLatest(records, 2000);
            return records;
        }
    }

    /// <summary>The newest record.</summary>
    public RequestRecord Record => Records is [var newest, ..] ? newest : throw new InvalidOperationException("no request has finished");

    /// <summary>One listener at 127.0.0.1:15000, one route for everything, one cluster.</summary>
    public static ProxyConfig Make(
        Func<ForwardConfig, ForwardConfig>? forward = null,
        Func<HttpConfig, HttpConfig>? http = null,
        Func<ClusterConfig, ClusterConfig>? cluster = null,
        Func<ListenerConfig, ListenerConfig>? listener = null,
        Func<RouteConfig, RouteConfig>? route = null,
        RetryConfig? retry = null)
    {
        var action = new ForwardConfig { Cluster = "app", Retry = retry };
        var only = new RouteConfig { Name = "all", Match = new RouteMatchConfig(), Action = forward?.Invoke(action) ?? action };
        var served = new HttpConfig
        {
            StatPrefix = "in",
            AccessLogs = [new AccessLogConfig { Path = LogPath }],
            Routes = new RouteTableConfig { VirtualHosts = [new VirtualHostConfig { Name = "any", Domains = ["*"], Routes = [route?.Invoke(only) ?? only] }] },
        };
        var bound = new ListenerConfig
        {
            Name = "in", Address = new Address("127.0.0.1", 15000), Direction = TrafficDirection.Inbound, Chains = [new() { Name = "http", Http = http?.Invoke(served) ?? served }],
        };
        var app = new ClusterConfig { Name = "app", Balancer = "round_robin", Endpoints = [Endpoint(8080)] };
        return new ProxyConfig { Listeners = [listener?.Invoke(bound) ?? bound], Clusters = [cluster?.Invoke(app) ?? app] };
    }

    public static EndpointConfig Endpoint(int port) => new() { Address = new Address("127.0.0.1", port) };

    /// <summary>Runs the loop until nothing is left to do now.</summary>
    public void Drive() => Loop.RunUntilIdle();

    /// <summary>Does something on the loop, and all that follows from it.</summary>
    public void OnLoop(Action action)
    {
        Loop.Post(action);
        Drive();
    }

    /// <summary>Lets time pass, in steps small enough that every timer fires near its time.</summary>
    public void Advance(TimeSpan time)
    {
        Drive();
        var step = TimeSpan.FromMilliseconds(time < TimeSpan.FromSeconds(2) ? 10 : time < TimeSpan.FromMinutes(2) ? 100 : 1000);
        while (time > TimeSpan.Zero)
        {
            Clock.Advance(time < step ? time : step);
            time -= step;
            Drive();
        }
    }

    public void AdvanceSeconds(double seconds) => Advance(TimeSpan.FromSeconds(seconds));

    /// <summary>A client on a new connection.</summary>
    /// <param name="reads">False: what the proxy sends stays on the way until <see cref="RawPeer.Read"/>.</param>
    public RawPeer Connect(int port = 15000, bool reads = true)
    {
        RawPeer? client = null;
        OnLoop(() => _ = ConnectAsync());
        return client ?? throw new InvalidOperationException("the proxy did not accept");

        async Task ConnectAsync()
        {
            var result = await Network.ConnectAsync(Loop, new IPEndPoint(IPAddress.Loopback, port), default, default);
            if (result.Connection is MemoryConnection connection)
            {
                client = new RawPeer(this, connection, _peerSlabs, reads);
                _clients.Add(client);
            }
        }
    }

    /// <summary>A client on a new connection that speaks HTTP/2, over TLS where a context for it is given.</summary>
    public Http2Client ConnectHttp2(int port = 15000, Http2Settings? settings = null, TlsClientContext? tls = null, string? name = null)
    {
        Http2Client? client = null;
        OnLoop(() => _ = ConnectAsync());
        return client ?? throw new InvalidOperationException("there is no connection");

        async Task ConnectAsync()
        {
            var connection = (await Network.ConnectAsync(Loop, new IPEndPoint(IPAddress.Loopback, port), default, default)).Connection!;
            if (tls is not null)
            {
                connection = (await TlsHandshake.ConnectAsync(connection, tls, name, default)).Connection ?? throw new InvalidOperationException("no TLS");
            }

            client = new Http2Client(this, connection, settings ?? Http2Settings.Default);
            _http2Clients.Add(client);
        }
    }

    /// <summary>Sends a request on a new connection and returns the connection.</summary>
    public RawPeer Request(string text) => Connect().Send(text);

    public RawPeer Get(string path = "/") => Request($"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n");

    /// <summary>A further upstream.</summary>
    public ScriptedUpstream Listen(int port)
    {
        var upstream = new ScriptedUpstream(this, new IPEndPoint(IPAddress.Loopback, port));
        OnLoop(() =>
        {
            var listener = Network.Listen(Loop, upstream.EndPoint, shared: false).Listener!;
            _upstreams.Add(upstream, listener);
            _ = AcceptAsync(upstream, listener);
        });
        return upstream;
    }

    public void StopListening(ScriptedUpstream upstream) => OnLoop(_upstreams[upstream].Close);

    /// <summary>Prepares a configuration and, without mistakes, commits it; else abandons it and returns the mistakes.</summary>
    public IReadOnlyList<string> Reload(ProxyConfig config)
    {
        var prepared = Prepare(config);
        if (prepared.Mistakes.Count > 0)
        {
            prepared.Abandon();
        }
        else
        {
            prepared.Commit();
            Config = config;
        }

        Drive();
        return prepared.Mistakes;
    }

    public Prepared Prepare(ProxyConfig config) => Wait(Role.PrepareAsync(config, default));

    /// <summary>Drives the loop and the clock until a task has ended.</summary>
    public void Wait(Task task, int maxMillis = 10_000)
    {
        for (var millis = 0; !task.IsCompleted; millis++)
        {
            Assert.True(millis < maxMillis, "a task did not end");
            Drive();
            if (!task.Wait(millis < 5 ? 1 : 0))
            {
                Clock.Advance(TimeSpan.FromMilliseconds(5));
            }
        }

        task.GetAwaiter().GetResult();
    }

    public T Wait<T>(Task<T> task)
    {
        // A preparation's own steps come back over the thread pool; the clock stands still meanwhile.
        var patience = new SpinWait();
        while (!task.IsCompleted)
        {
            Drive();
            patience.SpinOnce();
        }

        return task.GetAwaiter().GetResult();
    }

    /// <summary>Ends the role as the program does.</summary>
    public void Stop()
    {
        _isStopped = true;
        Wait(Role.StopAsync(default));
        Drive();
    }

    public void Dispose()
    {
        Drive();
        if (HttpMetrics.RequestsActive == 0 && !_isStopped && _clients.All(client => client.Connection.BytesUnread == 0))
        {
            Assert.True(Loop.Slabs.Rented == 0, $"{Loop.Slabs.Rented} slabs are held by idle connections");
        }

        Stop();

        // HTTP/2 ends in order: each end waits a moment for the other.
        AdvanceSeconds(1.5);
        Assert.Empty(Logger.Errors);
        Assert.Empty(Role.Loops[0].Connections);
        Assert.Equal(0, Loop.Slabs.Rented);
        Assert.Equal(0, HttpMetrics.RequestsActive);
        Assert.Equal(0, HttpMetrics.ConnectionsActive);
        Assert.Equal(0, ClusterMetrics.ConnectionsActive);
        Assert.Equal(0, ClusterMetrics.RequestsActive);
        Assert.Equal(0, ClusterMetrics.PendingActive);
        Assert.All(Role.Live.Clusters.Values, cluster => Assert.Equal((0, 0), (cluster.Budget.ActiveRequests, cluster.Budget.ActiveRetries)));
        Assert.All(Role.Live.Clusters.Values.SelectMany(cluster => new[] { cluster.Breakers.Default, cluster.Breakers.High }), breaker => Assert.Equal(
            (0, 0, 0, 0, 0), (breaker.Limits.Connections.Active, breaker.Limits.Pending.Active, breaker.Limits.Requests.Active, breaker.Retries.ActiveRetries, breaker.Queue.Count)));
        Assert.All(_upstreams.Keys.SelectMany(upstream => upstream.Connections), peer => Assert.True(peer.IsOver || peer.Connection.IsClosed, "an upstream connection is still open"));
        Assert.All(_upstreams.Keys.SelectMany(upstream => upstream.Http2), peer => Assert.True(peer.End is not null, "an upstream's HTTP/2 connection is still open"));
        Assert.All(_http2Clients, client => Assert.True(client.IsClosed, "a client's HTTP/2 connection is still open"));
        Assert.All(_clients, client => Assert.True(client.IsOver || client.Connection.IsClosed, "a client's connection is still open"));
        Assert.Equal(HttpMetrics.RequestsTotal + Metrics.Tcp("tcp", 0).ConnectionsTotal, Log.Count);
        _logs.Dispose();
        _peerSlabs.Dispose();
        Loop.Dispose();
    }

    private async Task AcceptAsync(ScriptedUpstream upstream, Listener listener)
    {
        while ((await listener.AcceptAsync(default)).Connection is MemoryConnection connection)
        {
            if (upstream.Takes is { } takes)
            {
                takes(connection);
                continue;
            }

            upstream.Arrive(new RawPeer(this, connection, _peerSlabs, reads: !upstream.DoesNotRead));
        }
    }
}
