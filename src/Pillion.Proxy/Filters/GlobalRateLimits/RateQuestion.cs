using Pillion.Core.Protobuf;

namespace Pillion.Proxy.Filters.GlobalRateLimits;

/// <summary>What one question needs; used again for the next one. Loop thread only.</summary>
internal sealed class RateQuestion
{
    public ProtoWriter Message { get; } = new(512);

    public RateAnswer Answer { get; } = new();
}
