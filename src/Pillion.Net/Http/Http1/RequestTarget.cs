using System.Buffers;
using System.Text;

namespace Pillion.Net.Http.Http1;

/// <summary>The four forms of a request target (RFC 9112 §3.2), split and normalised into the head.</summary>
internal static class RequestTarget
{
    private const int StackBytes = 512;

    public static HttpViolation Read(ReadOnlySpan<byte> target, HttpRules rules, RequestHead head)
    {
        var bad = target.IndexOfAny(HttpBytes.NotInTarget);
        if (bad >= 0)
        {
            return target[bad] == '#' ? HttpViolation.FragmentInTarget : HttpViolation.BadTarget;
        }

        if (head.Method == HttpMethod.Connect)
        {
            if (!HostSyntax.IsValid(target, portRequired: true))
            {
                return HttpViolation.ConnectNeedsAuthority;
            }

            head.Form = TargetForm.Authority;
            head.SetAuthority(target);
            return HttpViolation.None;
        }

        if (target[0] == '/')
        {
            head.Form = TargetForm.Origin;
            return ReadPath(target, rules, head);
        }

        if (target is [(byte)'*'])
        {
            head.Form = TargetForm.Asterisk;
            head.SetTarget(target);
            return head.Method == HttpMethod.Options ? HttpViolation.None : HttpViolation.AsteriskNotOptions;
        }

        return ReadAbsolute(target, rules, head);
    }

    private static HttpViolation ReadAbsolute(ReadOnlySpan<byte> target, HttpRules rules, RequestHead head)
    {
        var colon = target.IndexOf("://"u8);
        if (colon <= 0)
        {
            return HttpViolation.BadTarget;
        }

        head.IsHttps = Ascii.EqualsIgnoreCase(target[..colon], "https"u8);
        if (!head.IsHttps && !Ascii.EqualsIgnoreCase(target[..colon], "http"u8))
        {
            return HttpViolation.BadScheme;
        }

        head.Form = TargetForm.Absolute;
        var rest = target[(colon + 3)..];
        var end = rest.IndexOfAny((byte)'/', (byte)'?');
        var authority = end < 0 ? rest : rest[..end];
        if (!HostSyntax.IsValid(authority))
        {
            return HttpViolation.BadHost;
        }

        head.SetAuthority(authority);
        if (end < 0)
        {
            // RFC 9112 §3.2.4: the last proxy turns an OPTIONS without a path into "*".
            head.SetTarget(head.Method == HttpMethod.Options ? "*"u8 : "/"u8);
            return HttpViolation.None;
        }

        return rest[end] == '/' ? ReadPath(rest[end..], rules, head) : ReadWithRoot(rest[end..], head);
    }

    private static HttpViolation ReadPath(ReadOnlySpan<byte> target, HttpRules rules, RequestHead head)
    {
        var query = target.IndexOf((byte)'?');
        var path = query < 0 ? target : target[..query];
        if (rules.RejectEncodedNul && path.IndexOf("%00"u8) >= 0)
        {
            return HttpViolation.EncodedNul;
        }

        if (!rules.NormalizeDotSegments)
        {
            head.SetTarget(target);
            return HttpViolation.None;
        }

        // No browser sends a raw backslash in a path, and an application that reads it as a slash would resolve "/..\" after us.
        if (path.Contains((byte)'\\'))
        {
            return HttpViolation.BackslashInPath;
        }

        if (!PathNormalizer.HasDotSegments(path))
        {
            head.SetTarget(target);
            return HttpViolation.None;
        }

        var rented = target.Length > StackBytes ? ArrayPool<byte>.Shared.Rent(target.Length) : null;
        Span<byte> scratch = rented is null ? stackalloc byte[StackBytes] : rented;
        var written = PathNormalizer.ResolveDotSegments(path, scratch);
        target[path.Length..].CopyTo(scratch[written..]);
        head.SetTarget(scratch[..(written + target.Length - path.Length)]);
        if (rented is not null)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }

        return HttpViolation.None;
    }

    private static HttpViolation ReadWithRoot(ReadOnlySpan<byte> query, RequestHead head)
    {
        var rented = ArrayPool<byte>.Shared.Rent(query.Length + 1);
        rented[0] = (byte)'/';
        query.CopyTo(rented.AsSpan(1));
        head.SetTarget(rented.AsSpan(0, query.Length + 1));
        ArrayPool<byte>.Shared.Return(rented);
        return HttpViolation.None;
    }
}
