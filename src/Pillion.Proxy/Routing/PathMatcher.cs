using System.Text;
using System.Text.RegularExpressions;
using Pillion.Proxy.Configuration;

namespace Pillion.Proxy.Routing;

/// <summary>
/// A route's condition on the path. It sees the matching form: without the query, repeated slashes as one where the rules say so, escapes
/// such as <c>%2F</c> as they came, so that an escaped slash never separates.
/// </summary>
internal sealed class PathMatcher
{
    private readonly byte[] _value;
    private readonly bool _ignoreCase;
    private readonly Regex? _regex;

    public PathMatcher(RouteMatchConfig config)
    {
        Kind = config.Path.Kind;
        _ignoreCase = config.IgnoreCase;
        _value = Kind is PathMatchKind.Regex or PathMatchKind.Connect ? [] : Encoding.UTF8.GetBytes(config.Path.Value);
        _regex = Kind == PathMatchKind.Regex ? RegexSyntax.Full(config.Path.Value) : null;

        // "/" means every path, "*" of OPTIONS included: a sidecar is transparent to it.
        IsEverything = Kind == PathMatchKind.Prefix && _value is [] or [(byte)'/'];
    }

    public PathMatchKind Kind { get; }

    public bool IsEverything { get; }

    /// <summary>The path to put in a table of exact paths, or null when this matcher must be asked.</summary>
    public byte[]? TableKey => Kind == PathMatchKind.Exact && !_ignoreCase ? _value : null;

    /// <summary>How much of the matching form a prefix rewrite replaces: the prefix, or the whole path of the other kinds.</summary>
    public int ReplacedLength(int pathLength) =>
        Kind is PathMatchKind.Prefix or PathMatchKind.SeparatedPrefix ? Math.Min(_value.Length, pathLength) : pathLength;

    public bool Matches(ReadOnlySpan<byte> path, Scratch scratch)
    {
        if (IsEverything)
        {
            return true;
        }

        switch (Kind)
        {
            case PathMatchKind.Prefix:
                return StartsWithValue(path);
            case PathMatchKind.SeparatedPrefix:
                return StartsWithValue(path) && (path.Length == _value.Length || path[_value.Length] == (byte)'/');
            case PathMatchKind.Exact:
                return path.Length == _value.Length && StartsWithValue(path);
            case PathMatchKind.Regex:
                return _regex!.IsMatch(scratch.Chars(path));
            default:
                return false;
        }
    }

    // The last byte first: the prefixes of one table share their beginnings, seldom their ends.
    private bool StartsWithValue(ReadOnlySpan<byte> path)
    {
        var value = _value;
        if (path.Length < value.Length)
        {
            return false;
        }

        if (_ignoreCase)
        {
            return Ascii.EqualsIgnoreCase(path[..value.Length], value);
        }

        return value.Length == 0 || (path[value.Length - 1] == value[^1] && path[..value.Length].SequenceEqual(value));
    }
}
