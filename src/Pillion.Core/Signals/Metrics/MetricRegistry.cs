namespace Pillion.Core.Signals.Metrics;

/// <summary>All metrics of the program. Cells are fetched when a configuration is prepared and then counted in directly.</summary>
internal sealed class MetricRegistry
{
    private readonly MetricOwners<ServerMetrics> _server;
    private readonly MetricOwners<ProcessMetrics> _process;
    private readonly MetricOwners<RegistryMetrics> _registry;
    private readonly MetricOwners<OverloadMetrics> _overload;

    /// <param name="capacity">Owners per scope, above which they are counted together.</param>
    public MetricRegistry(int loops, TimeProvider time, int capacity = MetricOwners<ClusterMetrics>.DefaultCapacity)
    {
        OffLoop = loops;
        Listeners = new("listener", "listener", "envoy_listener_address", ListenerMetrics.All, loops + 1, time, capacity);
        Https = new("http", "http", "envoy_http_conn_manager_prefix", HttpMetrics.All, loops + 1, time, capacity);
        Tcps = new("tcp", "tcp", "envoy_tcp_prefix", TcpMetrics.All, loops + 1, time, capacity);
        Filters = new("filter", "filter", "filter", FilterMetrics.All, loops + 1, time, capacity);
        Clusters = new("cluster", "cluster", "envoy_cluster_name", ClusterMetrics.All, loops + 1, time, capacity);
        Routes = new("route", "virtual_host", "virtual_host", RouteMetrics.All, loops + 1, time, capacity, secondLabel: "route");
        Peers = new("peer", "peer", "peer", PeerMetrics.All, loops + 1, time, capacity);
        Otlps = new("otlp", "cluster", "cluster", OtlpMetrics.All, loops + 1, time, capacity, secondLabel: "signal");
        AccessLogs = new("access_log", "path", "path", AccessLogMetrics.All, loops + 1, time, capacity);
        Certificates = new("certificate", "certificate", "certificate", CertificateMetrics.All, 1, time, capacity);
        Secrets = new("secret", "secret", "secret", SecretMetrics.All, 1, time, capacity);
        _server = new("server", "", "", ServerMetrics.All, 1, time);
        _process = new("process", "", "", ProcessMetrics.All, 1, time, ownPrefix: "process_");
        _overload = new("overload", "", "", OverloadMetrics.All, loops + 1, time);
        _registry = new("metrics", "", "", RegistryMetrics.All, 1, time);
        Server = _server.Cells("", 0);
        Server.Time = time;
        Server.StartedTimestamp = time.GetTimestamp();
        _process.Cells("", 0);
        _registry.Cells("", 0).FoldedOwners = () => Listeners.Folded + Https.Folded + Filters.Folded + Tcps.Folded + Clusters.Folded + Routes.Folded + Peers.Folded + Otlps.Folded + AccessLogs.Folded + Certificates.Folded + Secrets.Folded;
    }

    /// <summary>The place of a loop in <see cref="MetricOwners{TCells}.Cells"/> for what is counted by no loop.</summary>
    public int OffLoop { get; }

    public MetricOwners<ListenerMetrics> Listeners { get; }

    public MetricOwners<HttpMetrics> Https { get; }

    /// <summary>By the stat prefix of the HTTP that has the filter, and the filter's name: <c>inbound.authorization</c>.</summary>
    public MetricOwners<FilterMetrics> Filters { get; }

    public MetricOwners<TcpMetrics> Tcps { get; }

    public MetricOwners<ClusterMetrics> Clusters { get; }

    /// <summary>By the virtual host and the route.</summary>
    public MetricOwners<RouteMetrics> Routes { get; }

    /// <summary>By the SPIFFE id that a caller proved.</summary>
    public MetricOwners<PeerMetrics> Peers { get; }

    /// <summary>By the collector's cluster and the signal.</summary>
    public MetricOwners<OtlpMetrics> Otlps { get; }

    public MetricOwners<AccessLogMetrics> AccessLogs { get; }

    /// <summary>By the file that the certificate is in.</summary>
    public MetricOwners<CertificateMetrics> Certificates { get; }

    /// <summary>By the file that each is known by.</summary>
    public MetricOwners<SecretMetrics> Secrets { get; }

    public ServerMetrics Server { get; }

    /// <summary>A listener's cells by its name.</summary>
    public ListenerMetrics Listener(string name, int loop) => Listeners.Cells(name, loop);

    /// <summary>The cells of HTTP served under a stat prefix.</summary>
    public HttpMetrics Http(string statPrefix, int loop) => Https.Cells(statPrefix, loop);

    public FilterMetrics Filter(string name, int loop) => Filters.Cells(name, loop);

    public OverloadMetrics Overload(int loop) => _overload.Cells("", loop);

    /// <summary>The cells of connections relayed under a stat prefix.</summary>
    public TcpMetrics Tcp(string statPrefix, int loop) => Tcps.Cells(statPrefix, loop);

    public ClusterMetrics Cluster(string name, int loop) => Clusters.Cells(name, loop);

    public RouteMetrics Route(string virtualHost, string route, int loop) => Routes.Cells(MetricScope.TwoNames(virtualHost, route), loop);

    public OtlpMetrics Otlp(string cluster, string signal, int loop) => Otlps.Cells(MetricScope.TwoNames(cluster, signal), loop);

    /// <summary>Every family, also those without a series.</summary>
    public IEnumerable<MetricFamily> Collect(bool usedOnly = true)
    {
        MetricScope[] scopes = [_server, _overload, Listeners, Https, Filters, Tcps, Routes, Peers, Clusters, AccessLogs, Otlps, Certificates, Secrets, _registry, _process];
        return scopes.SelectMany(scope => scope.Collect(usedOnly));
    }
}
