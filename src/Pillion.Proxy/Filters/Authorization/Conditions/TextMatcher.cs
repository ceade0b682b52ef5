using System.Text.RegularExpressions;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Routing;

namespace Pillion.Proxy.Filters.Authorization.Conditions;

/// <summary>A condition on a text of our own, such as an identity. What is not there never matches.</summary>
internal sealed class TextMatcher(ValueMatchConfig config)
{
    private readonly StringComparison _comparison = config.IgnoreCase ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal;
    private readonly Regex? _regex = config.Kind == ValueMatchKind.Regex ? RegexSyntax.Full(config.Value, config.IgnoreCase) : null;

    /// <param name="text">Empty where there is none.</param>
    public bool Matches(ReadOnlySpan<char> text) => !text.IsEmpty && config.Kind switch
    {
        ValueMatchKind.Present => true,
        ValueMatchKind.Exact => text.Equals(config.Value, _comparison),
        ValueMatchKind.Prefix => text.StartsWith(config.Value, _comparison),
        ValueMatchKind.Suffix => text.EndsWith(config.Value, _comparison),
        ValueMatchKind.Contains => text.Contains(config.Value, _comparison),
        ValueMatchKind.Regex => _regex!.IsMatch(text),
        ValueMatchKind.Range => long.TryParse(text, System.Globalization.NumberStyles.AllowLeadingSign, null, out var number) && number >= config.RangeStart && number < config.RangeEnd,
        _ => false,
    };
}
