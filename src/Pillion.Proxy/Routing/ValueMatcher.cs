using System.Text;
using System.Text.RegularExpressions;
using Pillion.Proxy.Configuration;

namespace Pillion.Proxy.Routing;

/// <summary>A condition on one value: a header's or a query parameter's.</summary>
internal sealed class ValueMatcher
{
    private readonly ValueMatchConfig _config;
    private readonly byte[] _value;
    private readonly byte[] _folded;
    private readonly Regex? _regex;

    public ValueMatcher(ValueMatchConfig config)
    {
        _config = config;
        _value = Encoding.UTF8.GetBytes(config.Value);
        _folded = _value.Select(b => (byte)char.ToLowerInvariant((char)b)).ToArray();
        _regex = config.Kind == ValueMatchKind.Regex ? RegexSyntax.Full(config.Value) : null;
    }

    /// <summary>
    /// A missing value never matches, inverted or not, unless presence is what is asked for or missing counts as empty (Envoy:
    /// invert_match, treat_missing_header_as_empty).
    /// </summary>
    public bool Matches(bool present, ReadOnlySpan<byte> value, Scratch scratch)
    {
        if (_config.Kind == ValueMatchKind.Present)
        {
            return (present || _config.MissingIsEmpty) != _config.Invert;
        }

        return (present || _config.MissingIsEmpty) && MatchesValue(value, scratch) != _config.Invert;
    }

    private bool MatchesValue(ReadOnlySpan<byte> value, Scratch scratch) => _config.Kind switch
    {
        ValueMatchKind.Exact => value.Length == _value.Length && SameStart(value),
        ValueMatchKind.Prefix => value.Length >= _value.Length && SameStart(value),
        ValueMatchKind.Suffix => value.Length >= _value.Length && SameStart(value[^_value.Length..]),
        ValueMatchKind.Contains => Contains(value),
        ValueMatchKind.Regex => _regex!.IsMatch(scratch.Chars(value)),
        ValueMatchKind.Range => IsInRange(value),
        _ => false,
    };

    private bool SameStart(ReadOnlySpan<byte> value) => _config.IgnoreCase
        ? Ascii.EqualsIgnoreCase(value[.._value.Length], _value)
        : value.StartsWith(_value);

    private bool Contains(ReadOnlySpan<byte> value)
    {
        if (!_config.IgnoreCase)
        {
            return value.IndexOf(_value) >= 0;
        }

        for (var start = 0; start + _folded.Length <= value.Length; start++)
        {
            if (Ascii.EqualsIgnoreCase(value.Slice(start, _folded.Length), _folded))
            {
                return true;
            }
        }

        return false;
    }

    // The whole value must be one decimal integer.
    private bool IsInRange(ReadOnlySpan<byte> value) =>
        System.Buffers.Text.Utf8Parser.TryParse(value, out long number, out var consumed)
        && consumed == value.Length
        && number >= _config.RangeStart
        && number < _config.RangeEnd;
}
