namespace Pillion.Proxy.Filters.RateLimits;

/// <summary>The buckets of a filter: they outlive a reload that does not change its settings, and routes that describe requests differently share them.</summary>
internal sealed class RateLimitState(RateLimitConfig config, TimeProvider time)
{
    public RateClock Clock { get; } = new(time);

    public Buckets[] Limits { get; } = [.. config.Limits.Select(limit => Buckets.Make(limit, limit.Per != RateKey.All))];

    public Buckets[] Descriptors { get; } =
        [.. config.Descriptors.Select(descriptor => Buckets.Make(descriptor.Bucket, descriptor.Entries.Any(entry => entry.Value.Length == 0)))];
}
