using Pillion.Core.Configuration;

namespace Pillion.Proxy.Configuration;

/// <summary>The conditions of Envoy's retry_on, under its names.</summary>
[Flags]
internal enum RetryOn
{
    None = 0,

    /// <summary>5xx: any 5xx answer, or no answer at all (disconnect, reset, time-out).</summary>
    ServerError = 1,

    /// <summary>gateway-error: 502, 503, 504.</summary>
    GatewayError = 2,

    /// <summary>reset: the upstream did not answer (disconnect, reset, time-out).</summary>
    Reset = 4,

    /// <summary>connect-failure: no connection was made.</summary>
    ConnectFailure = 8,

    /// <summary>retriable-status-codes: a status in <see cref="RetryConfig.StatusCodes"/>.</summary>
    StatusCodes = 16,

    /// <summary>refused-stream: the upstream said that it did not touch the request.</summary>
    RefusedStream = 32,

    /// <summary>retriable-4xx: 409.</summary>
    Retriable4xx = 64,

    /// <summary>cancelled: gRPC status 1.</summary>
    GrpcCancelled = 128,

    /// <summary>deadline-exceeded: gRPC status 4.</summary>
    GrpcDeadlineExceeded = 256,

    /// <summary>resource-exhausted: gRPC status 8.</summary>
    GrpcResourceExhausted = 512,

    /// <summary>internal: gRPC status 13.</summary>
    GrpcInternal = 1024,

    /// <summary>unavailable: gRPC status 14.</summary>
    GrpcUnavailable = 2048,

    /// <summary>envoy-ratelimited: an answer with X-Envoy-RateLimited, which no other condition covers.</summary>
    RateLimited = 4096,

    /// <summary>retriable-headers: an answer that <see cref="RetryConfig.OnHeaders"/> match.</summary>
    Headers = 8192,
}

/// <summary>When and how often a request is tried again (Envoy: RetryPolicy).</summary>
internal sealed record RetryConfig
{
    public RetryOn On { get; init; }

    public ValueList<int> StatusCodes { get; init; } = [];

    /// <summary>Of an answer: any that is so (Envoy: retriable_headers).</summary>
    public ValueList<ValueMatchConfig> OnHeaders { get; init; } = [];

    /// <summary>Of the request: nothing is tried again unless one of them is so; empty is no condition (Envoy: retriable_request_headers).</summary>
    public ValueList<ValueMatchConfig> OnlyIfHeaders { get; init; } = [];

    /// <summary>Tries after the first (Envoy: num_retries, 1).</summary>
    public int Retries { get; init; } = 1;

    /// <summary>Zero is none.</summary>
    public TimeSpan PerTryTimeout { get; init; }

    /// <summary>No byte either way for this long ends a try, also within its answer; zero is none (Envoy: per_try_idle_timeout).</summary>
    public TimeSpan PerTryIdleTimeout { get; init; }

    /// <summary>When <see cref="PerTryTimeout"/> has passed, another try begins beside the one that is late (Envoy: hedge_on_per_try_timeout).</summary>
    public bool Hedge { get; init; }

    /// <summary>The n-th wait is drawn from [0, (2^n - 1) × this), at most <see cref="MaxBackOff"/>.</summary>
    public TimeSpan BackOff { get; init; } = TimeSpan.FromMilliseconds(25);

    public TimeSpan MaxBackOff { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// Also a request that is not idempotent and may have reached the application is sent again. In an Envoy file a retry_policy means
    /// what it means there, so this is true; in Pillion's own files the user must ask.
    /// </summary>
    public bool UnsafeMethods { get; init; }

    /// <summary>The request header whose presence makes a request of any method safe to send again; null is none.</summary>
    public string? IdempotencyKey { get; init; }

    /// <summary>How long to wait where the answer itself says so; null does not look (Envoy: rate_limited_retry_back_off).</summary>
    public RateLimitBackOffConfig? RateLimitBackOff { get; init; }

    /// <summary>The next hop is told which try this is and how many may follow.</summary>
    public bool Announces { get; init; }

    /// <summary>Where the caller says that it tries again itself, only what reached nobody is tried again here.</summary>
    public bool Yields { get; init; }

    /// <summary>The answer says how many tries there were (Envoy: include_attempt_count_in_response).</summary>
    public bool TellsClient { get; init; }

    /// <summary>The longest request body kept for a further try, in bytes.</summary>
    public int MaxBodyBytes { get; init; } = 64 * 1024;

    public SourceLine Source { get; init; }
}
