using Pillion.Core.Configuration;
using Pillion.Proxy.Configuration;

namespace Pillion.Proxy.Filters.RateLimits;

/// <summary>A bucket for requests whose description is this, entry by entry (Envoy: LocalRateLimitDescriptor).</summary>
internal sealed record DescriptorConfig(ValueList<DescriptorEntryConfig> Entries, RateConfig Bucket);

/// <param name="Value">Empty: each value has a bucket of its own (Envoy: a wildcard).</param>
internal sealed record DescriptorEntryConfig(string Key, string Value);

/// <summary>One description of a request: all of its actions must apply, else there is none (Envoy: RateLimit).</summary>
internal sealed record RateActionsConfig(ValueList<RateActionConfig> Actions, int Stage);

internal enum RateActionKind : byte
{
    GenericKey,
    RequestHeader,
    RemoteAddress,
    HeaderValueMatch,
}

/// <summary>What makes one entry of a description (Envoy: RateLimit.Action).</summary>
internal sealed record RateActionConfig
{
    public required RateActionKind Kind { get; init; }

    /// <summary>The entry's key.</summary>
    public required string Key { get; init; }

    /// <summary>The entry's value where it is fixed.</summary>
    public string Value { get; init; } = "";

    /// <summary>The header whose value is the entry's.</summary>
    public string Header { get; init; } = "";

    /// <summary>What must be true of the request's headers.</summary>
    public ValueList<ValueMatchConfig> Headers { get; init; } = [];

    /// <summary>False: the headers must not be so.</summary>
    public bool ExpectsMatch { get; init; } = true;
}
