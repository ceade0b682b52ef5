using Pillion.Core.Configuration;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Routing;

namespace Pillion.Proxy.Filters.ExternalAuthorization;

/// <summary>A list of header names, some of them patterns (Envoy: ListStringMatcher). Case does not matter.</summary>
internal sealed class NameMatchers(ValueList<ValueMatchConfig> configs)
{
    private readonly ValueMatcher[] _matchers = [.. configs.Select(config => new ValueMatcher(config with { IgnoreCase = true }))];

    public bool IsEmpty => _matchers.Length == 0;

    public bool Match(ReadOnlySpan<byte> name)
    {
        foreach (var matcher in _matchers)
        {
            if (matcher.Matches(present: true, name, Scratch.OfThread))
            {
                return true;
            }
        }

        return false;
    }
}
