namespace Pillion.Net.Http.Http1;

/// <summary>The fields that must not come in a trailer: framing, routing, authentication, how to read the content, and those Pillion sets (RFC 9110 §6.5.1).</summary>
internal static class TrailerFields
{
    public static bool IsForbidden(KnownField known, ReadOnlySpan<byte> name, HttpRules rules) => known switch
    {
        // What trailers are for, and what may harmlessly be there.
        KnownField.GrpcStatus or KnownField.GrpcMessage or KnownField.ETag or KnownField.Server or KnownField.Date or KnownField.ProxyStatus => false,
        KnownField.Other => GuardedFields.IsGuarded(known, name, rules.PolicyFieldNames) ||
            (rules.RejectAliasedUnderscores && GuardedFields.IsAlias(name, rules.PolicyFieldNames)),
        _ => true,
    };
}
