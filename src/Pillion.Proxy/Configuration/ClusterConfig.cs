using Pillion.Core.Configuration;
using Pillion.Net;
using Pillion.Net.Http.Http2;
using Pillion.Proxy.Clusters.Levels;
using Pillion.Proxy.Configuration.Balancing;
using Pillion.Proxy.Configuration.Transport;

namespace Pillion.Proxy.Configuration;

/// <summary>How a cluster's endpoints are found (Envoy: DiscoveryType).</summary>
internal enum ClusterDiscovery
{
    Static,

    /// <summary>Every address that a name resolves to is an endpoint.</summary>
    StrictDns,

    /// <summary>The first address of the newest answer is used for new connections; old connections stay.</summary>
    LogicalDns,

    /// <summary>The address is what the request names: CONNECT and absolute-form requests to hosts no service covers.</summary>
    DynamicForward,

    /// <summary>The address is where the redirected connection wanted to go (Envoy: ORIGINAL_DST).</summary>
    OriginalDestination,
}

/// <summary>A named group of endpoints and how to reach them (Envoy: Cluster).</summary>
internal sealed record ClusterConfig
{
    public required string Name { get; init; }

    public ClusterDiscovery Discovery { get; init; }

    public ValueList<EndpointConfig> Endpoints { get; init; } = [];

    /// <summary>One of the names of <c>Balancers.All</c>.</summary>
    public string Balancer { get; init; } = "least_request";

    public BalancingConfig Balancing { get; init; } = BalancingConfig.Usual;

    /// <summary>Envoy: connect_timeout, 5 s.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>An unused pooled connection is closed after this time; the learnt keep-alive of the upstream may shorten it (Envoy: idle_timeout, 1 h).</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Which HTTP the endpoints speak.</summary>
    public HttpProtocol Protocol { get; init; } = HttpProtocol.Http1;

    public Http2Settings Http2 { get; init; } = Http2Settings.Default;

    /// <summary>TLS to the endpoints; null is in the clear (Envoy: transport_socket with UpstreamTlsContext).</summary>
    public UpstreamTlsConfig? Tls { get; init; }

    /// <summary>Tell the endpoints whom the connection is for (Envoy: ProxyProtocolUpstreamTransport).</summary>
    public ProxyHeaderVersion ProxyHeader { get; init; }

    /// <summary>Active checks; an endpoint must pass all of them (Envoy: health_checks).</summary>
    public ValueList<HealthCheckConfig> HealthChecks { get; init; } = [];

    /// <summary>0 is no limit (Envoy: max_requests_per_connection).</summary>
    public int MaxRequestsPerConnection { get; init; }

    /// <summary>Envoy: dns_refresh_rate, 5 s.</summary>
    public TimeSpan DnsRefresh { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Use the record's own time to live instead of <see cref="DnsRefresh"/> (Envoy: respect_dns_ttl, there off).</summary>
    public bool RespectDnsTtl { get; init; } = true;

    public DnsFamily DnsFamily { get; init; } = DnsFamily.Auto;

    /// <summary>Endpoints that fail are taken out; null leaves them in (Envoy: outlier_detection, there off too).</summary>
    public OutlierConfig? Outliers { get; init; }

    /// <summary>The limits of requests of either priority.</summary>
    public CircuitBreakerConfig DefaultCircuits { get; init; } = new();

    public CircuitBreakerConfig HighCircuits { get; init; } = new();

    /// <summary>Share of the active requests that may be retries, in per cent (Envoy: retry_budget.budget_percent, 20).</summary>
    public double RetryBudgetPercent { get; init; } = 20;

    /// <summary>Retries always allowed at the same time (Envoy: retry_budget.min_retry_concurrency, 3).</summary>
    public int MinRetryConcurrency { get; init; } = 3;

    public SourceLine Source { get; init; }
}

/// <summary>Envoy: dns_lookup_family.</summary>
internal enum DnsFamily
{
    /// <summary>IPv6 where there is an answer, else IPv4.</summary>
    Auto,
    V4Only,
    V6Only,
    V4Preferred,
    All,
}

/// <summary>One address of a cluster; a host name is resolved when the cluster's discovery says so.</summary>
internal sealed record EndpointConfig
{
    public required Address Address { get; init; }

    public int Weight { get; init; } = 1;

    /// <summary>0 is used first, 1 where 0 cannot bear all (Envoy: priority).</summary>
    public int Priority { get; init; }

    public Locality Locality { get; init; } = Locality.Unknown;

    /// <summary>Of its locality within its priority, all endpoints there together; 0 is none (Envoy: LocalityLbEndpoints.load_balancing_weight).</summary>
    public int LocalityWeight { get; init; }

    /// <summary>Envoy: metadata under <c>envoy.lb</c>.</summary>
    public LabelSet Labels { get; init; } = LabelSet.None;

    public SourceLine Source { get; init; }
}
