using System.Text;

namespace Pillion.Net.Http.Http1;

/// <summary>Takes out what is between two neighbours only (RFC 9110 §7.6.1), before a message is sent on.</summary>
internal static class HopByHop
{
    private const ulong Fields =
        (1UL << (int)KnownField.Connection) | (1UL << (int)KnownField.Upgrade) | (1UL << (int)KnownField.TE) | (1UL << (int)KnownField.KeepAlive) |
        (1UL << (int)KnownField.ProxyConnection) | (1UL << (int)KnownField.ProxyAuthenticate) | (1UL << (int)KnownField.ProxyAuthorization) |
        (1UL << (int)KnownField.TransferEncoding);

    /// <summary>
    /// Removes the hop-by-hop fields and those that Connection names. Upgrade stays when the head wants one (clear
    /// <see cref="Head.WantsUpgrade"/> to refuse it); TE stays as <c>trailers</c> where it says so; Trailer stays, since trailers are
    /// passed on. Proxy-Authorization and Proxy-Authenticate go: they are between the client and this proxy (RFC 9110 §11.7), and a
    /// password for a proxy is nothing for an application. Connection cannot take away an end-to-end field that Pillion sets or a policy
    /// reads: a client could otherwise strip, on its way, what a proxy before us added.
    /// </summary>
    public static void Remove(Head head, FieldNameSet? policyNames = null)
    {
        var fields = head.Fields;
        if (!fields.MayHaveAny(Fields))
        {
            return;
        }

        for (var i = 0; i < fields.Count; i++)
        {
            if (!fields.IsPresent(i))
            {
                continue;
            }

            switch (fields.Known(i))
            {
                case KnownField.Connection:
                    RemoveNominated(fields, fields.Value(i), policyNames);
                    fields.RemoveAt(i);
                    break;
                case KnownField.Upgrade when head.WantsUpgrade:
                    break;
                case KnownField.TE when AcceptsTrailers(fields.Value(i)):
                    fields.Replace(i, "trailers"u8);
                    break;
                case KnownField.KeepAlive or KnownField.ProxyConnection or KnownField.ProxyAuthenticate or KnownField.ProxyAuthorization or
                    KnownField.TE or KnownField.TransferEncoding or KnownField.Upgrade:
                    fields.RemoveAt(i);
                    break;
            }
        }
    }

    private static void RemoveNominated(FieldList fields, ReadOnlySpan<byte> options, FieldNameSet? policyNames)
    {
        foreach (var option in new FieldTokens(options))
        {
            // Known names are either hop-by-hop, and removed anyway, or end-to-end.
            var known = KnownFields.Identify(option);
            if (!option.IsEmpty && known == KnownField.Other && !GuardedFields.IsGuarded(known, option, policyNames))
            {
                fields.RemoveAll(option);
            }
        }
    }

    private static bool AcceptsTrailers(ReadOnlySpan<byte> value)
    {
        foreach (var coding in new FieldTokens(value))
        {
            if (Ascii.EqualsIgnoreCase(coding, "trailers"u8))
            {
                return true;
            }
        }

        return false;
    }
}
