using System.Text;
using Pillion.Core.Signals;
using Pillion.Net.Http;

namespace Pillion.Proxy.Filters.Jwt;

/// <summary>One place of a request where tokens of a provider come: a header, a parameter of the query, a cookie.</summary>
internal abstract class TokenPlace
{
    /// <summary>The first token there from <paramref name="from"/> on; the index moves behind it. False where there is none.</summary>
    public abstract bool TryFind(RequestHead request, ref int from, out ReadOnlySpan<byte> token);

    /// <summary>Takes every token out that is there.</summary>
    public abstract void Strip(RequestHead request);

    /// <summary>Tokens in a target would be in every log of it.</summary>
    public virtual void Hide(RequestRecord record)
    {
    }
}

/// <summary>A header, behind a prefix.</summary>
internal sealed class HeaderPlace(TokenHeader config) : TokenPlace
{
    private readonly byte[] _name = Encoding.ASCII.GetBytes(config.Name);
    private readonly KnownField _known = KnownFields.Identify(Encoding.ASCII.GetBytes(config.Name));
    private readonly byte[] _prefix = Encoding.ASCII.GetBytes(config.Prefix);

    public override bool TryFind(RequestHead request, ref int from, out ReadOnlySpan<byte> token)
    {
        for (var i = IndexOf(request.Fields, from); i >= 0; i = IndexOf(request.Fields, i + 1))
        {
            if (IsToken(request.Fields.Value(i)))
            {
                token = HttpBytes.TrimOws(request.Fields.Value(i)[_prefix.Length..]);
                from = i + 1;
                return true;
            }
        }

        token = default;
        return false;
    }

    public override void Strip(RequestHead request)
    {
        for (var i = IndexOf(request.Fields, 0); i >= 0; i = IndexOf(request.Fields, i + 1))
        {
            if (IsToken(request.Fields.Value(i)))
            {
                request.Fields.RemoveAt(i);
            }
        }
    }

    private int IndexOf(FieldList fields, int from) => _known == KnownField.Other ? fields.IndexOf(_name, from) : fields.IndexOf(_known, from);

    // Other schemes of the same header (Basic, say) are no tokens.
    private bool IsToken(ReadOnlySpan<byte> value) => value.Length > _prefix.Length && Ascii.EqualsIgnoreCase(value[.._prefix.Length], _prefix);
}

/// <summary>A parameter of the query (RFC 6750 §2.3).</summary>
internal sealed class ParameterPlace(string name) : TokenPlace
{
    private readonly byte[] _name = Encoding.ASCII.GetBytes(name + "=");

    public override bool TryFind(RequestHead request, ref int from, out ReadOnlySpan<byte> token)
    {
        var query = request.Query;
        token = default;
        if (from > query.Length || !Find(query[from..], out var start, out var length))
        {
            return false;
        }

        token = query.Slice(from + start + _name.Length, length - _name.Length);
        from += start + length;
        return true;
    }

    public override void Strip(RequestHead request)
    {
        Span<byte> rest = request.Target.Length <= 1024 ? stackalloc byte[1024] : new byte[request.Target.Length];
        while (Find(request.Query, out var start, out var length))
        {
            var target = request.Target;
            var query = request.Path.Length + 1;

            // With the ampersand behind it, or else the character before it: the question mark where it was alone.
            var begins = query + start;
            var ends = begins + length;
            if (ends < target.Length)
            {
                ends++;
            }
            else
            {
                begins--;
            }

            target[..begins].CopyTo(rest);
            target[ends..].CopyTo(rest[begins..]);
            request.SetTarget(rest[..(begins + target.Length - ends)]);
        }
    }

    public override void Hide(RequestRecord record)
    {
        var target = record.Target.Span;
        var question = target.IndexOf((byte)'?');
        if (question < 0 || !Find(target[(question + 1)..], out var start, out var length) || length == _name.Length)
        {
            return;
        }

        Span<byte> shown = stackalloc byte[512];
        var begins = question + 1 + start + _name.Length;
        target[..begins].CopyTo(shown);
        shown[begins] = (byte)'-';
        var rest = target[(question + 1 + start + length)..];
        rest.CopyTo(shown[(begins + 1)..]);
        record.Target.Set(shown[..(begins + 1 + rest.Length)]);
    }

    private bool Find(ReadOnlySpan<byte> query, out int start, out int length)
    {
        for (start = 0; start < query.Length; start += length + 1)
        {
            var rest = query[start..];
            var end = rest.IndexOf((byte)'&');
            length = end < 0 ? rest.Length : end;
            if (rest[..length].StartsWith(_name))
            {
                return true;
            }
        }

        length = 0;
        return false;
    }
}

/// <summary>A cookie (RFC 6265 §4.2).</summary>
internal sealed class CookiePlace(string name) : TokenPlace
{
    private readonly byte[] _name = Encoding.ASCII.GetBytes(name + "=");

    public override bool TryFind(RequestHead request, ref int from, out ReadOnlySpan<byte> token)
    {
        token = default;
        for (var i = request.Fields.IndexOf(KnownField.Cookie, from); i >= 0; i = request.Fields.IndexOf(KnownField.Cookie, i + 1))
        {
            from = i + 1;
            if (Find(request.Fields.Value(i), out var start, out var length))
            {
                token = request.Fields.Value(i).Slice(start + _name.Length, length - _name.Length);
                return true;
            }
        }

        return false;
    }

    public override void Strip(RequestHead request)
    {
        for (var i = request.Fields.IndexOf(KnownField.Cookie); i >= 0; i = request.Fields.IndexOf(KnownField.Cookie, i + 1))
        {
            while (request.Fields.IsPresent(i) && Find(request.Fields.Value(i), out var start, out var length))
            {
                Cut(request.Fields, i, start, length);
            }
        }
    }

    private static void Cut(FieldList fields, int index, int start, int length)
    {
        var value = fields.EditableValue(index);
        var ends = start + length;
        while (ends < value.Length && value[ends] is (byte)';' or (byte)' ')
        {
            ends++;
        }

        while (ends == value.Length && start > 0 && value[start - 1] is (byte)';' or (byte)' ')
        {
            start--;
        }

        var left = start + value.Length - ends;
        if (left == 0)
        {
            fields.RemoveAt(index);
            return;
        }

        value[ends..].CopyTo(value[start..]);
        fields.SetValueLength(index, left);
    }

    private bool Find(ReadOnlySpan<byte> cookies, out int start, out int length)
    {
        for (start = 0; start < cookies.Length; start += length + 1)
        {
            while (start < cookies.Length && cookies[start] == (byte)' ')
            {
                start++;
            }

            var rest = cookies[start..];
            var end = rest.IndexOf((byte)';');
            length = end < 0 ? rest.Length : end;
            if (rest[..length].StartsWith(_name))
            {
                return true;
            }
        }

        length = 0;
        return false;
    }
}
