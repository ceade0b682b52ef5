namespace Pillion.Core.Identity;

/// <summary>Whether a certificate's DNS name is that of a host.</summary>
internal static class DnsNames
{
    /// <summary>
    /// RFC 6125 §6.4.3, strictly: a wildcard is the whole left-most label and stands for exactly one label; never for what is beneath a top-level
    /// domain, and never for a part of a label.
    /// </summary>
    public static bool Covers(ReadOnlySpan<char> presented, ReadOnlySpan<char> host)
    {
        presented = WithoutRootDot(presented);
        if (!presented.StartsWith("*."))
        {
            return !presented.IsEmpty && presented.Equals(host, StringComparison.OrdinalIgnoreCase);
        }

        var domain = presented[1..];
        var firstDot = host.IndexOf('.');
        return firstDot > 0
            && domain[1..].Contains('.')
            && !domain.Contains('*')
            && host[firstDot..].Equals(domain, StringComparison.OrdinalIgnoreCase);
    }

    public static string WithoutRootDot(string host) => host.EndsWith('.') ? host[..^1] : host;

    private static ReadOnlySpan<char> WithoutRootDot(ReadOnlySpan<char> name) => name.EndsWith(".") ? name[..^1] : name;
}
