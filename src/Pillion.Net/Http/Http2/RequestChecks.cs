using System.Buffers;
using System.Text;
using Pillion.Net.Http.Http1;
using Pillion.Net.Http.Http2.Hpack;

namespace Pillion.Net.Http.Http2;

/// <summary>What a request's head as a whole must be (RFC 9113 §8.3.1, RFC 8441 §4), once all its fields are here.</summary>
internal static class RequestChecks
{
    private const int NeedsMethod = 1 << (int)Pseudo.Method;
    private const int NeedsRest = (1 << (int)Pseudo.Scheme) | (1 << (int)Pseudo.Path);
    private const int HasAuthority = 1 << (int)Pseudo.Authority;

    /// <param name="seen">The pseudo-fields that came, as bits.</param>
    public static void Complete(
        RequestHead head, HttpRules rules, int seen, ReadOnlySpan<byte> protocol, int cookies, ref HttpViolation malformed, ref HttpViolation violation)
    {
        // §8.5: a CONNECT that does not name a protocol has neither scheme nor path.
        var isConnect = head.Method == HttpMethod.Connect && protocol.IsEmpty;
        if ((seen & NeedsMethod) == 0 || (!protocol.IsEmpty && head.Method != HttpMethod.Connect) ||
            (seen & NeedsRest) != (isConnect ? 0 : NeedsRest) || (!isConnect && head.Target.IsEmpty))
        {
            malformed = HttpViolation.BadPseudoField;
            return;
        }

        if (cookies > 1)
        {
            JoinCookies(head.Fields);
        }

        violation = Framing.Read(head.Fields, rules, head.Version, out var framing);
        if (violation != HttpViolation.None)
        {
            return;
        }

        ReadAuthority(head, rules, framing, (seen & HasAuthority) != 0, ref malformed, ref violation);
        if (malformed != HttpViolation.None || violation != HttpViolation.None)
        {
            return;
        }

        // The length is told apart from the end of the stream by whoever reads the frame.
        head.ContentLength = framing.Length;
        head.ExpectsContinue = framing.ExpectsContinue;
        if (!protocol.IsEmpty)
        {
            MessageSwitch.PresentUpgrade(head, protocol);
        }

        violation = ReadTarget(head, rules, isConnect);
    }

    private static HttpViolation ReadTarget(RequestHead head, HttpRules rules, bool isConnect)
    {
        if (isConnect)
        {
            return RequestTarget.Read(head.Authority, rules, head);
        }

        // An absolute target has no place here: scheme and authority are fields of their own.
        return head.Target[0] == '/' || head.Target is [(byte)'*'] ? RequestTarget.Read(head.Target, rules, head) : HttpViolation.BadTarget;
    }

    private static void ReadAuthority(
        RequestHead head, HttpRules rules, in Framing framing, bool hasAuthority, ref HttpViolation malformed, ref HttpViolation violation)
    {
        if (framing.Hosts > 1 && rules.RequireOneHost)
        {
            violation = HttpViolation.RepeatedHost;
            return;
        }

        if (framing.Hosts > 0)
        {
            var host = head.Fields.Value(framing.HostIndex);
            if (hasAuthority && !Ascii.EqualsIgnoreCase(host, head.Authority))
            {
                // §8.3.1: two names for one thing are how requests are smuggled past a policy.
                malformed = HttpViolation.BadHost;
                return;
            }

            head.SetAuthority(host);
            for (var i = framing.HostIndex + 1; framing.Hosts > 1 && i < head.Fields.Count; i++)
            {
                if (head.Fields.Known(i) == KnownField.Host)
                {
                    head.Fields.RemoveAt(i);
                }
            }
        }

        if (head.Authority.IsEmpty)
        {
            violation = rules.RequireOneHost ? HttpViolation.MissingHost : HttpViolation.None;
        }
        else if (!HostSyntax.IsValid(head.Authority))
        {
            violation = HttpViolation.BadHost;
        }
    }

    private static void JoinCookies(FieldList fields)
    {
        var length = 0;
        var first = fields.IndexOf(KnownField.Cookie);
        for (var i = first; i >= 0; i = fields.IndexOf(KnownField.Cookie, i + 1))
        {
            length += fields.Value(i).Length + 2;
        }

        var joined = ArrayPool<byte>.Shared.Rent(length);
        var written = 0;
        for (var i = first; i >= 0; i = fields.IndexOf(KnownField.Cookie, i + 1))
        {
            if (written > 0)
            {
                "; "u8.CopyTo(joined.AsSpan(written));
                written += 2;
            }

            fields.Value(i).CopyTo(joined.AsSpan(written));
            written += fields.Value(i).Length;
        }

        fields.Set(KnownField.Cookie, joined.AsSpan(0, written));
        ArrayPool<byte>.Shared.Return(joined);
    }
}
