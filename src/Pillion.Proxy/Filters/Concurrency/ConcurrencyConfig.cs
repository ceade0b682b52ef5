using Pillion.Core.Configuration;

namespace Pillion.Proxy.Filters.Concurrency;

/// <summary>A bulkhead: so many requests of a route, or of a whole service, at the same time, so that a slow one cannot take all there is.</summary>
internal sealed record ConcurrencyConfig : FilterConfig
{
    public override FilterKind Kind => FilterKinds.Concurrency;

    /// <summary>On all loops together.</summary>
    public int Max { get; init; } = 1;
}
