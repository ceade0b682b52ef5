using Pillion.Core.Configuration;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Routing;

namespace Pillion.Proxy.Filters.Cors;

/// <summary>Whether an origin is one of those that are allowed.</summary>
internal sealed class OriginMatcher(ValueList<ValueMatchConfig> origins)
{
    private readonly ValueMatcher[] _matchers = [.. origins.Select(origin => new ValueMatcher(origin))];

    /// <summary>A condition that is true of a star is true of every origin, as in Envoy.</summary>
    public bool IsAny { get; } = origins.Any(origin => new ValueMatcher(origin).Matches(present: true, "*"u8, Scratch.OfThread));

    /// <summary>What is not visible ASCII is no origin, and nothing to repeat in an answer.</summary>
    public bool Matches(ReadOnlySpan<byte> origin)
    {
        if (origin.IsEmpty || origin.IndexOfAnyExceptInRange((byte)0x21, (byte)0x7E) >= 0)
        {
            return false;
        }

        if (IsAny)
        {
            return true;
        }

        foreach (var matcher in _matchers)
        {
            if (matcher.Matches(present: true, origin, Scratch.OfThread))
            {
                return true;
            }
        }

        return false;
    }
}
