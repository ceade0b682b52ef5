using Pillion.Core.Identity;

namespace Pillion.Proxy.Filters.Authorization.Conditions;

/// <summary>The parts of a SPIFFE id that was verified, so that its form is known; each is empty where the id has none such.</summary>
internal static class IdentityParts
{
    public static ReadOnlySpan<char> TrustDomain(ReadOnlySpan<char> id)
    {
        if (!id.StartsWith(SpiffeId.Scheme, StringComparison.Ordinal))
        {
            return [];
        }

        var rest = id[SpiffeId.Scheme.Length..];
        var slash = rest.IndexOf('/');
        return slash < 0 ? rest : rest[..slash];
    }

    public static ReadOnlySpan<char> Namespace(ReadOnlySpan<char> id) => Split(id, out var @namespace, out _) ? @namespace : [];

    public static ReadOnlySpan<char> ServiceAccount(ReadOnlySpan<char> id) => Split(id, out _, out var account) ? account : [];

    // /ns/NAMESPACE/sa/ACCOUNT and nothing else: an id of another form has no namespace that could be meant.
    private static bool Split(ReadOnlySpan<char> id, out ReadOnlySpan<char> @namespace, out ReadOnlySpan<char> account)
    {
        const string ns = "/ns/";
        const string sa = "/sa/";
        @namespace = account = default;
        var path = id[Math.Min(id.Length, SpiffeId.Scheme.Length + TrustDomain(id).Length)..];
        if (!path.StartsWith(ns, StringComparison.Ordinal))
        {
            return false;
        }

        var rest = path[ns.Length..];
        var end = rest.IndexOf('/');
        if (end <= 0 || !rest[end..].StartsWith(sa, StringComparison.Ordinal) || rest[(end + sa.Length)..].Contains('/'))
        {
            return false;
        }

        @namespace = rest[..end];
        account = rest[(end + sa.Length)..];
        return true;
    }
}
