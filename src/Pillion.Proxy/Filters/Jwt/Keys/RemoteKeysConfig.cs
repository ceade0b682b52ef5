namespace Pillion.Proxy.Filters.Jwt.Keys;

/// <summary>Keys that are fetched (Envoy: RemoteJwks).</summary>
internal sealed record RemoteKeysConfig
{
    /// <summary>The cluster that is asked.</summary>
    public required string Cluster { get; init; }

    /// <summary>Host and port, as the request names them.</summary>
    public required string Authority { get; init; }

    /// <summary>Path and query.</summary>
    public required string Path { get; init; }

    public bool IsHttps { get; init; }

    /// <summary>Of one question (Envoy: http_uri.timeout, which must be given).</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>After which the keys are asked for again (Envoy: cache_duration, 10 min).</summary>
    public TimeSpan Refresh { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Before a question that failed is asked again; each failure doubles it, up to a minute (Envoy: failed_refetch_duration, 1 s).</summary>
    public TimeSpan RetryAfter { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Tokens with unknown key ids let the keys be fetched once in this time, not more.</summary>
    public TimeSpan LeastPause { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Questions that are repeated at once when one fails (Envoy: retry_policy.num_retries).</summary>
    public int Retries { get; init; }

    /// <summary>Requests that come before the first keys wait for them; else they are refused.</summary>
    public bool WaitsForFirst { get; init; } = true;
}
