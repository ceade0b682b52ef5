using System.Collections.Frozen;
using System.Net;
using Pillion.Core.Identity;
using Pillion.Core.Identity.Secrets;
using Pillion.Core.Lifecycle;
using Pillion.Core.Signals.AccessLog;
using Pillion.Core.Signals.Metrics;
using Pillion.Core.Signals.Otlp;
using Pillion.Net.Http;
using Pillion.Net.Sockets;
using Pillion.Proxy.Clusters;
using Pillion.Proxy.Clusters.Dns;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Configuration.Tcp;
using Pillion.Proxy.Configuration.Transport;
using Pillion.Proxy.Filters;
using Pillion.Proxy.Listeners;
using Pillion.Proxy.Routing;
using Pillion.Proxy.Tcp;
using Pillion.Proxy.Telemetry;
using Pillion.Proxy.Transport;
using Pillion.Proxy.Upstreams;
using Pillion.Proxy.Upstreams.Circuits;

namespace Pillion.Proxy;

/// <summary>
/// A configuration made ready beside the running one: new addresses bound, new clusters resolving, everything equal taken over. Nothing
/// that a request can see has changed until <see cref="Commit"/>, and <see cref="Abandon"/> gives all of it back.
/// </summary>
internal sealed class Preparation : Prepared
{
    private static readonly TimeSpan WarmTime = TimeSpan.FromSeconds(5);

    private readonly ProxyRole _role;
    private readonly List<string> _mistakes = [];
    private readonly List<BoundListener> _newListeners = [];
    private readonly List<Cluster> _newClusters = [];
    private ProxySnapshot _next = ProxySnapshot.Empty;

    private readonly Secret<IdentitySnapshot>? _identity;
    private readonly SecretSet _secrets;
    private readonly FilterStates _filterStates;

    private Preparation(ProxyRole role, Secret<IdentitySnapshot>? identity)
    {
        _role = role;
        _identity = identity;
        _secrets = role.Context.Secrets.Begin();
        _filterStates = new FilterStates(role.Live.FilterStates);
    }

    public override IReadOnlyList<string> Mistakes => _mistakes;

    public static async Task<Preparation> MakeAsync(ProxyRole role, ProxyConfig config, Secret<IdentitySnapshot>? identity)
    {
        var preparation = new Preparation(role, identity);
        var clusters = config.Clusters.ToFrozenDictionary(cluster => cluster.Name, preparation.ClusterFor);
        var listeners = new List<(BoundListener, ListenerSnapshot)>();
        foreach (var listener in config.Listeners)
        {
            if (await preparation.ListenerAsync(listener) is { } pair)
            {
                listeners.Add(pair);
            }
        }

        foreach (var sink in config.MetricSinks)
        {
            _ = role.Exporters.For(sink);
        }

        await preparation.WarmAsync();
        preparation._next = new ProxySnapshot(config, clusters, listeners, preparation._filterStates);
        return preparation;
    }

    public override void Commit()
    {
        _role.Publish(_next);
        _role.Use(_secrets);
        _role.Context.AccessLogs.Retain(_next.Config.Listeners.SelectMany(AccessLogsOf).Where(log => log.Otlp is null).Select(log => log.Path).ToHashSet());
        _role.Exporters.Use(CollectorsOf(_next.Config));
        _role.Context.Metrics.Routes.Retain(RoutesOf(_next.Config));
        _role.Context.Metrics.Otlps.Retain(CollectorsOf(_next.Config).SelectMany(otlp => OtlpExporter.Signals.Select(signal => MetricScope.TwoNames(otlp.Cluster, signal))).ToHashSet());
        foreach (var cluster in _newClusters)
        {
            cluster.Publish(_role.Context.Metrics.Cluster(cluster.Name, _role.Context.Metrics.OffLoop));
        }

        _role.Context.Metrics.Clusters.Retain(_next.Clusters.Keys.ToHashSet());
    }

    public override void Abandon()
    {
        foreach (var listener in _newListeners)
        {
            listener.Close();
        }

        foreach (var cluster in _newClusters)
        {
            cluster.Retire();
        }

        _role.Exporters.Use(CollectorsOf(_role.Live.Config));
        _filterStates.RetireExcept(_role.Live.FilterStates);
        _secrets.Dispose();
    }

    // A new cluster is looked up before requests can reach it; a name that cannot be resolved keeps nobody else waiting for long.
    private async Task WarmAsync()
    {
        try
        {
            await Task.WhenAll(_newClusters.Select(cluster => cluster.Endpoints.FirstAnswers)).WaitAsync(WarmTime, _role.Context.Time);
        }
        catch (TimeoutException)
        {
            // Its requests are answered 503 until DNS answers, and say so.
        }
    }

    private Cluster ClusterFor(ClusterConfig config)
    {
        var isSame = _role.Live.Clusters.TryGetValue(config.Name, out var running) && running.Config == config;
        var tls = config.Tls is null ? null : TlsOf(config.Tls, isSame ? running!.Tls : null);
        if (isSame && ReferenceEquals(tls, running!.Tls))
        {
            return running;
        }

        var context = _role.Context;
        var endpoints = ClusterEndpoints.Start(
            config, context.Resolver, context.Time, context.Metrics.Cluster(config.Name, context.Metrics.OffLoop), context.Logger, running?.Endpoints);
        var breakers = new CircuitBreakers(config, context.Logger);
        var cluster = new Cluster(
            config,
            breakers,
            endpoints,
            config.Discovery == ClusterDiscovery.DynamicForward ? new DynamicHosts(config, context.Resolver, context.Time) : null,
            (set, index) =>
            {
                var loop = _role.Loops[index];
                var metrics = context.Metrics.Cluster(config.Name, index);
                var dialer = new UpstreamDialer(loop.Events, loop.Network, config, tls, metrics);
                return new ClusterLoop(loop, set, () => Balancers.Create(config.Balancer, config.Balancing), dialer, new UpstreamPool(loop.Events, dialer, config, breakers, metrics), metrics)
                {
                    Original = config.Discovery == ClusterDiscovery.OriginalDestination ? new OriginalDestinations() : null,
                };
            },
            _role.Loops.Count)
        {
            Tls = tls,
        };
        cluster.StartChecks(_role.Loops[0], context.Logger);
        _newClusters.Add(cluster);
        return cluster;
    }

    private async Task<(BoundListener, ListenerSnapshot)?> ListenerAsync(ListenerConfig config)
    {
        var context = _role.Context;
        foreach (var log in AccessLogsOf(config))
        {
            if (log.Otlp is null && context.AccessLogs.TryOpen(log.Path) is { } error)
            {
                _mistakes.Add($"{log.Source}: the access log {log.Path} cannot be written: {error}");
                return null;
            }
        }

        var before = _mistakes.Count;
        var snapshot = new ListenerSnapshot(config, [.. config.AllChains.Select(chain => ChainOf(config, chain))], context.Metrics, _role.Loops.Count);
        if (_mistakes.Count > before)
        {
            return null;
        }

        foreach (var (bound, old) in _role.Live.Listeners)
        {
            if (old.Config.Address == config.Address && !bound.IsClosed)
            {
                return (bound, snapshot);
            }
        }

        return await BindAsync(config, snapshot) is { } made ? (made, snapshot) : null;
    }

    private ChainSnapshot ChainOf(ListenerConfig listener, FilterChainConfig chain) =>
        ChainOf(listener, chain, chain.Tls is null ? null : TlsOf(listener, chain, chain.Tls));

    // What is equal is taken over, so that sessions can still be resumed behind a reload.
    private DownstreamTls? TlsOf(ListenerConfig listener, FilterChainConfig chain, DownstreamTlsConfig tls)
    {
        var material = TlsMaterial.Read(tls, tls.Certificates, _identity, _secrets, _mistakes);
        if (_mistakes.Count > 0)
        {
            return null;
        }

        var protocols = ProtocolsOf(chain, tls);
        var running = _role.Live.Listeners.Where(pair => pair.Snapshot.Name == listener.Name).Select(pair => pair.Snapshot.Find(chain.Name)?.Tls).FirstOrDefault();
        try
        {
            return running is not null && running.Serves(tls, protocols, material) ? running : new DownstreamTls(tls, protocols, material);
        }
        catch (InvalidOperationException exception)
        {
            _mistakes.Add($"{tls.Source}: {exception.Message}");
            return null;
        }
    }

    private static string[] ProtocolsOf(FilterChainConfig chain, DownstreamTlsConfig tls) =>
        tls.ApplicationProtocols.Count > 0 ? [.. tls.ApplicationProtocols] :
        chain.Http is null ? [] :
        chain.Http.Codec switch
        {
            HttpProtocol.Http1 => ["http/1.1"],
            HttpProtocol.Http2 => ["h2"],
            _ => ["h2", "http/1.1"],
        };

    private UpstreamTls? TlsOf(UpstreamTlsConfig tls, UpstreamTls? running)
    {
        var material = TlsMaterial.Read(tls, tls.Certificate is { } certificate ? [certificate] : [], _identity, _secrets, _mistakes);
        if (_mistakes.Count > 0)
        {
            return null;
        }

        try
        {
            return running is not null && running.Material.IsSameAs(material) ? running : new UpstreamTls(tls, material);
        }
        catch (InvalidOperationException exception)
        {
            _mistakes.Add($"{tls.Source}: {exception.Message}");
            return null;
        }
    }

    private ChainSnapshot ChainOf(ListenerConfig listener, FilterChainConfig chain, DownstreamTls? tls) =>
        new(chain, tls, chain.Http is null ? null : HttpOf(listener, chain.Http, tls), chain.Tcp is null ? null : TcpOf(listener, chain.Tcp));

    private TcpSnapshot TcpOf(ListenerConfig listener, TcpConfig tcp) =>
        new(listener, tcp, _role.Context.Metrics, _role.Loops.Count, AccessLogSet.Make(tcp.AccessLogs, _role.Context.AccessLogs, _role.Exporters, _role.Context.Time, _role.Loops.Count));

    private HttpSnapshot HttpOf(ListenerConfig listener, HttpConfig http, DownstreamTls? tls)
    {
        var context = _role.Context;
        http = http with { Rules = http.Rules with { PolicyFieldNames = FieldsRead(http) } };
        var logs = AccessLogSet.Make(http.AccessLogs, context.AccessLogs, _role.Exporters, context.Time, _role.Loops.Count);
        var tracing = http.Tracing ?? new TracingConfig();
        var tracer = http.TraceContext ? new Tracer(tracing, tracing.Export is null ? null : _role.Exporters.For(tracing.Export), _role.Loops.Count) : null;
        var filters = new FilterCompiler(new FilterContext(context, http.StatPrefix, _filterStates) { Secrets = _secrets, Mistakes = _mistakes });
        return new HttpSnapshot(listener, http, RouteTable.Build(http.Routes, http.Rules, filters), filters.Compile(http.Filters), context.Metrics, _role.Loops.Count, _role.Instance, logs, tracer, tls);
    }

    private static IEnumerable<AccessLogConfig> AccessLogsOf(ListenerConfig listener) =>
        listener.AllChains.SelectMany(chain => (chain.Http?.AccessLogs ?? []).Concat(chain.Tcp?.AccessLogs ?? []));

    private static HashSet<OtlpConfig> CollectorsOf(ProxyConfig config) =>
    [
        .. config.Listeners.SelectMany(AccessLogsOf).Select(log => log.Otlp).OfType<OtlpConfig>(),
        .. config.Listeners.SelectMany(listener => listener.AllChains).Where(chain => chain.Http is { TraceContext: true }).Select(chain => chain.Http!.Tracing?.Export).OfType<OtlpConfig>(),
        .. config.MetricSinks,
    ];

    private static HashSet<string> RoutesOf(ProxyConfig config) =>
    [
        .. config.Listeners.SelectMany(listener => listener.AllChains).Where(chain => chain.Http is not null)
            .SelectMany(chain => chain.Http!.Routes.VirtualHosts).SelectMany(host => host.Routes.Select(route => MetricScope.TwoNames(host.Name, route.Name))),
    ];

    private static IPEndPoint? TwinOf(EndPoint endPoint) => endPoint switch
    {
        IPEndPoint ip when ip.Address.Equals(IPAddress.Loopback) => new IPEndPoint(IPAddress.IPv6Loopback, ip.Port),
        IPEndPoint ip when ip.Address.Equals(IPAddress.Any) => new IPEndPoint(IPAddress.IPv6Any, ip.Port),
        _ => null,
    };

    // A header that imitates one of these, with underscores for hyphens, is rejected before a route can be misled by it.
    // So is one that imitates what is said of a verified client: an application that takes both for one would believe anybody.
    private static FieldNameSet FieldsRead(HttpConfig http) =>
        new(http.Routes.VirtualHosts.SelectMany(host => host.Routes).SelectMany(route => route.Match.Headers).Select(header => header.Name).Where(name => !name.StartsWith(':'))
            .Concat(http.Routes.VirtualHosts.SelectMany(host => host.Routes).SelectMany(route => NamesRead(route.Action)))
            .Concat(http.Filters.Concat(http.Routes.VirtualHosts.SelectMany(host => host.Routes).SelectMany(route => route.Filters)).SelectMany(filter => filter.FieldsRead))
            .Concat(http.ClientCertificate.Mode == ForwardClientCert.AlwaysForwardOnly ? [] : ["x-forwarded-client-cert"]));

    private static IEnumerable<string> NamesRead(RouteActionConfig action) =>
        action is not ForwardConfig forward ? [] :
        ((string?[])[forward.ClusterHeader, forward.Split is { By: SplitBy.Header or SplitBy.DrawnByCaller } split ? split.ByName : null, forward.Retry?.IdempotencyKey])
            .OfType<string>()
            .Concat((forward.Retry?.OnlyIfHeaders ?? []).Select(header => header.Name).Where(name => !name.StartsWith(':')));

    private async Task<BoundListener?> BindAsync(ListenerConfig config, ListenerSnapshot snapshot)
    {
        var endPoint = config.Address.ToEndPoint();
        if (endPoint is null)
        {
            _mistakes.Add($"{config.Source}: listener {config.Name}: '{config.Address}' is a name; a listener needs an IP address or unix:/path");
            return null;
        }

        // A Unix socket is one file, so one loop accepts on it; connections of TCP spread over the loops by SO_REUSEPORT.
        var loops = config.Address.IsUnix ? _role.Loops.Take(1) : _role.Loops;
        var parts = new List<(ProxyLoop, Listener)>();
        foreach (var loop in loops)
        {
            // On the loop's own thread: its poller is shared with nobody.
            var address = endPoint;
            var result = await loop.Events.InvokeAsync(() => loop.Network.Listen(loop.Events, address, shared: !config.Address.IsUnix));
            if (result.Listener is null)
            {
                _mistakes.Add($"{config.Source}: listener {config.Name} cannot bind {config.Address}: {result.Describe()}");
                foreach (var (partLoop, part) in parts)
                {
                    partLoop.Events.Post(part.Close);
                }

                return null;
            }

            endPoint = result.Listener.LocalEndPoint;
            parts.Add((loop, result.Listener));
        }

        if (config.OriginalDestination && TwinOf(endPoint) is { } twin)
        {
            // The kernel redirects each family to its own loopback or address. Where there is no IPv6 nothing is redirected there either.
            foreach (var loop in loops)
            {
                if ((await loop.Events.InvokeAsync(() => loop.Network.Listen(loop.Events, twin, shared: true))).Listener is { } part)
                {
                    parts.Add((loop, part));
                }
            }
        }

        var bound = new BoundListener(_role, endPoint, [.. parts], snapshot);
        _newListeners.Add(bound);
        return bound;
    }
}
