using System.Net;
using System.Text.RegularExpressions;
using Pillion.Net.Tls;

namespace Pillion.Core.Identity;

/// <summary>One name, or pattern of names, that a peer may have among its alternative names. Immutable.</summary>
internal sealed class NameMatcher
{
    private readonly NameType _type;
    private readonly NameMatchKind _kind;
    private readonly string _value;
    private readonly StringComparison _comparison;
    private readonly IPAddress? _address;
    private readonly Regex? _regex;

    /// <param name="ignoreCase">DNS names are compared without regard to case in any case.</param>
    public NameMatcher(NameType type, NameMatchKind kind, string value, bool ignoreCase = false)
    {
        _type = type;
        _kind = kind;
        _value = value;
        _comparison = ignoreCase || type == NameType.Dns ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal;
        _address = kind == NameMatchKind.Exact && type is NameType.IpAddress or NameType.Any && IPAddress.TryParse(value, out var address) ? address : null;
    }

    /// <param name="regex">Non-backtracking, and anchored at both ends: the whole name is to match.</param>
    public NameMatcher(NameType type, Regex regex)
    {
        _type = type;
        _value = regex.ToString();
        _regex = regex;
    }

    /// <summary>The matcher of the host that a client wants to speak to: its address where it is one, else its DNS name.</summary>
    public static NameMatcher OfHost(string host) =>
        IPAddress.TryParse(host, out _) ? new(NameType.IpAddress, NameMatchKind.Exact, host) : new(NameType.Dns, NameMatchKind.Exact, DnsNames.WithoutRootDot(host));

    public bool Matches(PeerCertificate leaf) =>
        (_type is NameType.Any or NameType.Dns && Any(leaf.DnsNames, NameType.Dns))
        || (_type is NameType.Any or NameType.Uri && Any(leaf.UriNames, NameType.Uri))
        || (_type is NameType.Any or NameType.IpAddress && Any(leaf.IpNames, NameType.IpAddress));

    public override string ToString()
    {
        var type = _type switch { NameType.Dns => "DNS ", NameType.Uri => "URI ", NameType.IpAddress => "IP ", _ => "" };
        return _regex is not null ? $"{type}/{_value}/" : _kind switch
        {
            NameMatchKind.Exact => $"{type}{_value}",
            NameMatchKind.Prefix => $"{type}{_value}*",
            NameMatchKind.Suffix => $"{type}*{_value}",
            _ => $"{type}*{_value}*",
        };
    }

    private bool Any(IReadOnlyList<string> names, NameType type)
    {
        foreach (var name in names)
        {
            if (Matches(name, type))
            {
                return true;
            }
        }

        return false;
    }

    private bool Matches(string name, NameType type) => _regex?.IsMatch(name) ?? _kind switch
    {
        NameMatchKind.Exact when type == NameType.Dns => DnsNames.Covers(name, _value),
        NameMatchKind.Exact when type == NameType.IpAddress => _address is not null && IPAddress.TryParse(name, out var address) && address.Equals(_address),
        NameMatchKind.Exact => string.Equals(name, _value, _comparison),
        NameMatchKind.Prefix => name.StartsWith(_value, _comparison),
        NameMatchKind.Suffix => name.EndsWith(_value, _comparison),
        _ => name.Contains(_value, _comparison),
    };
}
