using Pillion.Core.Configuration;
using Pillion.Proxy.Configuration;

namespace Pillion.Proxy.Filters.RateLimits;

/// <summary>What has a bucket of its own.</summary>
internal enum RateKey : byte
{
    /// <summary>All requests share one.</summary>
    All,

    /// <summary>The SPIFFE id of the peer; peers without one share a bucket.</summary>
    Identity,

    /// <summary>The client's address.</summary>
    Client,

    /// <summary>The value of a header; requests without it share a bucket.</summary>
    Header,

    /// <summary>The downstream connection (Envoy: local_rate_limit_per_downstream_connection).</summary>
    Connection,
}

/// <summary>A token bucket as the user wrote it (Envoy: TokenBucket), and which requests take from it.</summary>
internal sealed record RateConfig
{
    public const int DefaultKeys = 10_000;

    /// <summary>The name in metrics and explanations; null is made from the rate.</summary>
    public string? Name { get; init; }

    /// <summary>Requests at once from a full bucket (Envoy: max_tokens).</summary>
    public int Burst { get; init; } = 1;

    /// <summary>So many come back in each <see cref="Interval"/>, evenly (Envoy: tokens_per_fill).</summary>
    public int Tokens { get; init; } = 1;

    /// <summary>Envoy: fill_interval.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(1);

    public RateKey Per { get; init; }

    /// <summary>The header's name where <see cref="Per"/> is <see cref="RateKey.Header"/>.</summary>
    public string Header { get; init; } = "";

    /// <summary>Room for so many buckets at the same time; what finds none shares one.</summary>
    public int Keys { get; init; } = DefaultKeys;

    /// <summary>Only requests for which all of these are true.</summary>
    public ValueList<ValueMatchConfig> Headers { get; init; } = [];

    /// <summary>The status of its refusals.</summary>
    public int Status { get; init; } = 429;

    /// <summary>It refuses nothing, and says what it would refuse.</summary>
    public bool IsDryRun { get; init; }

    public SourceLine Source { get; init; }
}
