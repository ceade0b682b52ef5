using Pillion.Core.Configuration;
using Pillion.Proxy.Filters.RateLimits;
using Pillion.Proxy.Clusters.Levels;
using Pillion.Proxy.Configuration.Balancing;

namespace Pillion.Proxy.Configuration;

/// <summary>What a route does: forward, redirect or answer.</summary>
internal abstract record RouteActionConfig;

/// <summary>Send the request to a cluster (Envoy: RouteAction).</summary>
internal sealed record ForwardConfig : RouteActionConfig
{
    /// <summary>The cluster's name; empty where <see cref="Split"/> or <see cref="ClusterHeader"/> says it.</summary>
    public required string Cluster { get; init; }

    /// <summary>Several clusters, each for a share of the requests (Envoy: weighted_clusters).</summary>
    public SplitConfig? Split { get; init; }

    /// <summary>The request header that names the cluster (Envoy: cluster_header).</summary>
    public string? ClusterHeader { get; init; }

    /// <summary>Who else gets a copy (Envoy: request_mirror_policies).</summary>
    public ValueList<MirrorConfig> Mirrors { get; init; } = [];

    /// <summary>Replaces the matched prefix or exact path; null leaves the path.</summary>
    public string? PrefixRewrite { get; init; }

    public RegexRewriteConfig? RegexRewrite { get; init; }

    /// <summary>Replaces Host (Envoy: host_rewrite_literal).</summary>
    public string? HostRewrite { get; init; }

    /// <summary>Replaces Host with the name of the chosen endpoint (Envoy: auto_host_rewrite).</summary>
    public bool AutoHostRewrite { get; init; }

    /// <summary>From the request's last byte to the response's last byte, all tries included; zero is no limit (Envoy: timeout, 15 s).</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Overrides the listener's stream idle time-out; null keeps it, zero is none (Envoy: idle_timeout).</summary>
    public TimeSpan? IdleTimeout { get; init; }

    /// <summary>The client's grpc-timeout bounds the request, at most this; zero is as it says, null does not look (Envoy: max_stream_duration.grpc_timeout_header_max, there null).</summary>
    public TimeSpan? GrpcTimeoutMax { get; init; } = TimeSpan.Zero;

    /// <summary>The grpc-timeout takes the place of <see cref="Timeout"/>, as it does in Envoy; else the shorter of the two counts.</summary>
    public bool GrpcTimeoutReplaces { get; init; }

    /// <summary>Taken off the client's grpc-timeout, so that the client hears of it before its own time is over (Envoy: grpc_timeout_header_offset).</summary>
    public TimeSpan GrpcTimeoutOffset { get; init; }

    public RetryConfig? Retry { get; init; }

    /// <summary>Which limits of the cluster its requests count in (Envoy: priority, DEFAULT).</summary>
    public RoutePriority Priority { get; init; }

    /// <summary>Answered when the cluster does not exist (Envoy: cluster_not_found_response_code, 503).</summary>
    public int ClusterNotFoundStatus { get; init; } = 503;

    /// <summary>What a request's endpoint follows from, for balancers that go by a hash (Envoy: hash_policy).</summary>
    public ValueList<HashPolicyConfig> HashPolicies { get; init; } = [];

    /// <summary>Only endpoints with these labels (Envoy: metadata_match).</summary>
    public LabelSet Labels { get; init; } = LabelSet.None;

    /// <summary>Overrides the listener's upgrades; null keeps them.</summary>
    public ValueList<string>? Upgrades { get; init; }

    /// <summary>End a CONNECT here and connect its tunnel to the cluster (Envoy: connect_config); otherwise CONNECT is sent on.</summary>
    public bool TerminateConnect { get; init; }

    /// <summary>How its requests are described to rate limits (Envoy: rate_limits).</summary>
    public ValueList<RateActionsConfig> RateActions { get; init; } = [];

    /// <summary>Its virtual host's descriptions count too (Envoy: include_vh_rate_limits).</summary>
    public bool IncludesHostRateActions { get; init; }
}

/// <summary>Envoy: RegexMatchAndSubstitute.</summary>
/// <param name="Pattern">Every match in the path, without the query, is replaced.</param>
/// <param name="Substitution">The replacement; <c>\1</c> is the first group.</param>
internal sealed record RegexRewriteConfig(string Pattern, string Substitution);

/// <summary>Answer with a redirect (Envoy: RedirectAction).</summary>
internal sealed record RedirectConfig : RouteActionConfig
{
    public int Status { get; init; } = 301;

    public string? Scheme { get; init; }

    public string? Host { get; init; }

    public int? Port { get; init; }

    public string? Path { get; init; }

    public string? PrefixRewrite { get; init; }

    public RegexRewriteConfig? RegexRewrite { get; init; }

    public bool StripQuery { get; init; }
}

/// <summary>Answer from the configuration (Envoy: DirectResponseAction).</summary>
internal sealed record DirectResponseConfig : RouteActionConfig
{
    public required int Status { get; init; }

    public string Body { get; init; } = "";

    public string ContentType { get; init; } = "text/plain";
}
