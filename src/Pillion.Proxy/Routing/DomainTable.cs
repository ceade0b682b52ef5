using System.Text;

namespace Pillion.Proxy.Routing;

/// <summary>
/// Host names to virtual hosts, in Envoy's order: exact, the longest <c>*suffix</c>, the longest <c>prefix*</c>, <c>*</c>; case ignored. A star stands for at
/// least one character.
/// </summary>
internal sealed class DomainTable
{
    private readonly ByteTable<VirtualHost>? _exact;
    private readonly OfLength[] _suffixes;
    private readonly OfLength[] _prefixes;
    private readonly VirtualHost? _any;

    public DomainTable(IReadOnlyCollection<KeyValuePair<string, VirtualHost>> domains)
    {
        var exact = new List<KeyValuePair<byte[], VirtualHost>>();
        var suffixes = new List<KeyValuePair<byte[], VirtualHost>>();
        var prefixes = new List<KeyValuePair<byte[], VirtualHost>>();
        foreach (var (domain, host) in domains)
        {
            if (domain == "*")
            {
                _any ??= host;
                continue;
            }

            var (list, key) = domain switch
            {
                ['*', .. var suffix] => (suffixes, suffix),
                [.. var prefix, '*'] => (prefixes, prefix),
                _ => (exact, domain),
            };
            list.Add(KeyValuePair.Create(Encoding.UTF8.GetBytes(key), host));
        }

        _exact = exact.Count == 0 ? null : new ByteTable<VirtualHost>(exact, ignoreCase: true);
        _suffixes = ByLength(suffixes);
        _prefixes = ByLength(prefixes);
    }

    /// <summary>
    /// The port stays in the match, as in Envoy. Where no domain of a kind matches the authority as written, the same kind is asked without the
    /// port, so that <c>orders:8080</c> finds <c>orders</c> before any pattern.
    /// </summary>
    public VirtualHost? Find(ReadOnlySpan<byte> authority)
    {
        // Most tables have one virtual host for everything.
        return (_exact is null && _suffixes.Length == 0 && _prefixes.Length == 0 ? null : FindNamed(authority)) ?? _any;
    }

    /// <summary>A domain other than <c>*</c> covers this host.</summary>
    public bool IsNamed(ReadOnlySpan<byte> host) => FindNamed(host) is not null;

    /// <summary>The authority up to the colon before its port; the colons inside brackets are an IPv6 address.</summary>
    public static ReadOnlySpan<byte> WithoutPort(ReadOnlySpan<byte> authority)
    {
        var colon = authority.LastIndexOf((byte)':');
        return colon >= 0 && authority[colon..].IndexOf((byte)']') < 0 ? authority[..colon] : authority;
    }

    private VirtualHost? FindNamed(ReadOnlySpan<byte> authority)
    {
        var host = WithoutPort(authority);
        var hasPort = host.Length < authority.Length;
        return _exact?.Find(authority)
            ?? (hasPort ? _exact?.Find(host) : null)
            ?? FindSuffix(authority)
            ?? (hasPort ? FindSuffix(host) : null)
            ?? FindPrefix(authority);
    }

    private VirtualHost? FindSuffix(ReadOnlySpan<byte> authority)
    {
        foreach (var (length, table) in _suffixes)
        {
            if (authority.Length > length && table.Find(authority[^length..]) is { } host)
            {
                return host;
            }
        }

        return null;
    }

    // A prefix pattern takes any end, a port included.
    private VirtualHost? FindPrefix(ReadOnlySpan<byte> authority)
    {
        foreach (var (length, table) in _prefixes)
        {
            if (authority.Length > length && table.Find(authority[..length]) is { } host)
            {
                return host;
            }
        }

        return null;
    }

    private static OfLength[] ByLength(List<KeyValuePair<byte[], VirtualHost>> entries) =>
    [
        .. entries
            .GroupBy(entry => entry.Key.Length)
            .OrderByDescending(same => same.Key)
            .Select(same => new OfLength(same.Key, new ByteTable<VirtualHost>([.. same], ignoreCase: true))),
    ];

    private readonly record struct OfLength(int Length, ByteTable<VirtualHost> Table);
}
