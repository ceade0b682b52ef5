using Pillion.Proxy.Routing;

namespace Pillion.Proxy.Filters.Credentials.ApiKeys;

/// <summary>Parameters of a query that hold a secret: found by their names, written plainly or with escapes, and taken out.</summary>
internal static class Query
{
    /// <summary>The first of that name, as it came.</summary>
    public static bool TryFind(ReadOnlySpan<byte> query, ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        while (!query.IsEmpty)
        {
            var pair = Take(ref query);
            if (IsNamed(pair, name, out value))
            {
                return true;
            }
        }

        value = default;
        return false;
    }

    /// <summary>The value without its escapes; -1 where there is no room for it.</summary>
    public static int Decode(ReadOnlySpan<byte> value, Span<byte> room)
    {
        var written = 0;
        for (var i = 0; i < value.Length; i++)
        {
            if (written == room.Length)
            {
                return -1;
            }

            var next = value[i];
            if (next == '%' && i + 2 < value.Length && HexOf(value[i + 1]) is >= 0 and var high && HexOf(value[i + 2]) is >= 0 and var low)
            {
                next = (byte)((high << 4) | low);
                i += 2;
            }

            room[written++] = next;
        }

        return written;
    }

    /// <summary>The target without all parameters of that name; false where it has none. The memory is one loop's, for the moment.</summary>
    public static bool TryRemove(ReadOnlySpan<byte> target, ReadOnlySpan<byte> name, out ReadOnlySpan<byte> without)
    {
        without = target;
        var mark = target.IndexOf((byte)'?');
        if (mark < 0 || !TryFind(target[(mark + 1)..], name, out _))
        {
            return false;
        }

        var writer = Scratch.OfThread.Writer;
        writer.Raw(target[..mark]);
        var query = target[(mark + 1)..];
        var separator = (byte)'?';
        while (!query.IsEmpty)
        {
            var pair = Take(ref query);
            if (IsNamed(pair, name, out _))
            {
                continue;
            }

            writer.Raw(separator);
            writer.Raw(pair);
            separator = (byte)'&';
        }

        without = writer.Written;
        return true;
    }

    private static ReadOnlySpan<byte> Take(scoped ref ReadOnlySpan<byte> query)
    {
        var end = query.IndexOf((byte)'&');
        var pair = end < 0 ? query : query[..end];
        query = end < 0 ? default : query[(end + 1)..];
        return pair;
    }

    private static bool IsNamed(ReadOnlySpan<byte> pair, ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        var equals = pair.IndexOf((byte)'=');
        var written = equals < 0 ? pair : pair[..equals];
        value = equals < 0 ? default : pair[(equals + 1)..];
        Span<byte> decoded = stackalloc byte[128];
        return written.SequenceEqual(name) || (written.Contains((byte)'%') && Decode(written, decoded) is >= 0 and var length && decoded[..length].SequenceEqual(name));
    }

    private static int HexOf(byte digit) => char.IsAsciiHexDigit((char)digit) ? digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10 : -1;
}
