using Pillion.Core.Configuration;

namespace Pillion.Proxy.Configuration;

/// <summary>How a header says when to come again (Envoy: ResetHeaderFormat).</summary>
internal enum ResetFormat
{
    /// <summary>Seconds, a date (RFC 9110 §10.2.3) or a Unix time, whichever it is.</summary>
    Any,
    Seconds,
    UnixTime,
}

/// <summary>A header of an answer that says when to come again.</summary>
internal sealed record ResetHeaderConfig(string Name, ResetFormat Format = ResetFormat.Any);

/// <summary>Waiting as long as an answer asks for before a further try (Envoy: RateLimitedRetryBackOff).</summary>
internal sealed record RateLimitBackOffConfig
{
    public static readonly RateLimitBackOffConfig Default = new();

    /// <summary>The first that an answer has, and can be read, counts.</summary>
    public ValueList<ResetHeaderConfig> Headers { get; init; } = [new("Retry-After"), new("X-RateLimit-Reset")];

    /// <summary>A longer wait is not made (Envoy: max_interval, 300 s).</summary>
    public TimeSpan Max { get; init; } = TimeSpan.FromSeconds(300);

    /// <summary>Where the answer asks for more than <see cref="Max"/>, wait as after any other failure, as Envoy does; otherwise the answer is passed on.</summary>
    public bool IgnoresLonger { get; init; }
}
