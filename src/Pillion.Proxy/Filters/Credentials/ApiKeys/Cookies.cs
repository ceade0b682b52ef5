using Pillion.Net.Http;
using Pillion.Proxy.Routing;

namespace Pillion.Proxy.Filters.Credentials.ApiKeys;

/// <summary>Cookies that hold a secret (RFC 6265 §4.2.1, read as leniently as servers do): found by their names, and taken out.</summary>
internal static class Cookies
{
    /// <summary>The first of that name, without quotes around it.</summary>
    public static bool TryFind(FieldList fields, ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        for (var i = fields.IndexOf(KnownField.Cookie); i >= 0; i = fields.IndexOf(KnownField.Cookie, i + 1))
        {
            var rest = fields.Value(i);
            while (!rest.IsEmpty)
            {
                if (IsNamed(Take(ref rest), name, out value))
                {
                    return true;
                }
            }
        }

        value = default;
        return false;
    }

    public static void Remove(FieldList fields, ReadOnlySpan<byte> name)
    {
        for (var i = fields.IndexOf(KnownField.Cookie); i >= 0; i = fields.IndexOf(KnownField.Cookie, i + 1))
        {
            var writer = Scratch.OfThread.Writer;
            var rest = fields.Value(i);
            var found = false;
            while (!rest.IsEmpty)
            {
                var pair = Take(ref rest);
                if (IsNamed(pair, name, out _))
                {
                    found = true;
                }
                else if (!pair.IsEmpty)
                {
                    writer.Raw(writer.Length > 0 ? "; "u8 : default);
                    writer.Raw(pair);
                }
            }

            if (found && writer.Length == 0)
            {
                fields.RemoveAt(i);
            }
            else if (found)
            {
                fields.Replace(i, writer.Written);
            }
        }
    }

    private static ReadOnlySpan<byte> Take(scoped ref ReadOnlySpan<byte> rest)
    {
        var end = rest.IndexOf((byte)';');
        var pair = HttpBytes.TrimOws(end < 0 ? rest : rest[..end]);
        rest = end < 0 ? default : rest[(end + 1)..];
        return pair;
    }

    private static bool IsNamed(ReadOnlySpan<byte> pair, ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        var equals = pair.IndexOf((byte)'=');
        value = equals < 0 ? default : HttpBytes.TrimOws(pair[(equals + 1)..]);
        value = value is [(byte)'"', .. var quoted, (byte)'"'] ? quoted : value;
        return equals >= 0 && HttpBytes.TrimOws(pair[..equals]).SequenceEqual(name);
    }
}
