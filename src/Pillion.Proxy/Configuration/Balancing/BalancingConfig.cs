using Pillion.Core.Configuration;

namespace Pillion.Proxy.Configuration.Balancing;

/// <summary>How requests are spread over a cluster's endpoints, beside the balancer's name. Each default is Envoy's, or Linkerd's where Envoy has no such balancer.</summary>
internal sealed record BalancingConfig
{
    public static readonly BalancingConfig Usual = new();

    /// <summary>least_request: of so many drawn by chance, the least busy one (Envoy: choice_count).</summary>
    public int Choices { get; init; } = 2;

    /// <summary>least_request with weights: weight / (requests + 1) to the power of this (Envoy: active_request_bias).</summary>
    public double ActiveRequestBias { get; init; } = 1;

    /// <summary>ring_hash: at least so many points on the ring (Envoy: minimum_ring_size).</summary>
    public int MinRingSize { get; init; } = 1024;

    /// <summary>ring_hash: at most so many (Envoy: maximum_ring_size).</summary>
    public int MaxRingSize { get; init; } = 8 * 1024 * 1024;

    /// <summary>maglev: a prime (Envoy: table_size).</summary>
    public int TableSize { get; init; } = 65_537;

    /// <summary>ring_hash and maglev: no endpoint serves more than this share of an even load, in per cent; 0 is no limit (Envoy: hash_balance_factor).</summary>
    public int MaxLoadPercent { get; init; }

    /// <summary>ring_hash and maglev: an endpoint's place follows its host name instead of its address (Envoy: use_hostname_for_hashing).</summary>
    public bool HashesHostNames { get; init; }

    /// <summary>peak_ewma: what an endpoint that has not answered yet is taken to need (Linkerd: 1 s).</summary>
    public TimeSpan LatencySeed { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>peak_ewma: how soon old answers are forgotten (Linkerd: 10 s).</summary>
    public TimeSpan LatencyDecay { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>peak_ewma: a failure counts as an answer that took at least this long (Linkerd: 5 s).</summary>
    public TimeSpan FailurePenalty { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Null: an endpoint that comes gets its whole share at once.</summary>
    public SlowStartConfig? SlowStart { get; init; }

    /// <summary>Below this share of usable endpoints, in per cent, all are used; 0 is never (Envoy: healthy_panic_threshold).</summary>
    public double PanicPercent { get; init; } = 50;

    /// <summary>No endpoint at all rather than a failing one (Envoy: fail_traffic_on_panic).</summary>
    public bool FailsOnPanic { get; init; }

    /// <summary>How much more than its share a priority can bear, in per cent (Envoy: overprovisioning_factor).</summary>
    public int OverprovisioningPercent { get; init; } = 140;

    /// <summary>Localities get requests by their own weights (Envoy: locality_weighted_lb_config).</summary>
    public bool WeighsLocalities { get; init; }

    /// <summary>Null: zones do not matter.</summary>
    public ZoneRoutingConfig? Zones { get; init; }

    /// <summary>Null: the labels of endpoints do not matter.</summary>
    public SubsetConfig? Subsets { get; init; }
}

/// <summary>An endpoint that comes, or comes back, begins with a part of its share (Envoy: SlowStartConfig).</summary>
internal sealed record SlowStartConfig
{
    public required TimeSpan Window { get; init; }

    /// <summary>1 grows evenly; more is steeper at first (Envoy: aggression).</summary>
    public double Aggression { get; init; } = 1;

    /// <summary>Never less than this share of its weight (Envoy: min_weight_percent).</summary>
    public double MinWeightPercent { get; init; } = 10;
}

/// <summary>Requests stay in our own zone as far as that does not overload it (Envoy: ZoneAwareLbConfig).</summary>
internal sealed record ZoneRoutingConfig
{
    public required Locality Own { get; init; }

    /// <summary>How many sidecars like us are in each zone: together they send this cluster's requests (Envoy: the cluster of local_cluster_name).</summary>
    public required ValueList<ZonePeers> Peers { get; init; }

    /// <summary>Zones do not matter to a cluster with fewer usable endpoints (Envoy: min_cluster_size).</summary>
    public int MinClusterSize { get; init; } = 6;

    /// <summary>So many of the requests are routed by zone (Envoy: routing_enabled).</summary>
    public double EnabledPercent { get; init; } = 100;
}

/// <summary>How many of our kind there are in a place.</summary>
internal sealed record ZonePeers(Locality Locality, int Count);

/// <summary>Where something runs (Envoy: Locality).</summary>
internal sealed record Locality(string Region = "", string Zone = "", string SubZone = "")
{
    public static readonly Locality Unknown = new();

    public bool IsKnown => this != Unknown;

    public override string ToString() => string.Join('/', new[] { Region, Zone, SubZone }.Where(part => part.Length > 0));
}
