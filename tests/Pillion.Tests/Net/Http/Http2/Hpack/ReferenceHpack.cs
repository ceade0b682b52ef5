using System.Text;

namespace Pillion.Tests.Net.Http.Http2.Hpack;

/// <summary>
/// HPACK as slowly and simply as it can be written down, bit by bit and with lists, to compare the real one with. The Huffman code it is given as
/// the coded string of all bytes in their order, taken from another implementation.
/// </summary>
internal sealed class ReferenceHpack(int allowed)
{
    /// <summary>The bytes 0 to 255, coded.</summary>
    public const string AllBytesCoded =
        "ffc7fffd8fffffe2fffffe3fffffe4fffffe5fffffe6fffffe7fffffe8ffffeafffffff3fffffa7fffffabffffffdfffffebfffffecfffffedfffffeefffffefffff" +
        "ff0ffffff1ffffff2fffffffbfffffcffffffd3fffffd7fffffdbfffffdffffffe3fffffe7fffffebfffffed4fe3f9ffaffcabf1febfafefe7fdfd2cbb00089969b7" +
        "1d79fb9f7fff20ffbff3ff50ddbd7f061c58f265cd9f469d5af66dddbf871e5f9cff7ff7fffc3ff9ffe45fff4719242cb34e6e9d68a6a3d7dac426defe3cfaf7fffb" +
        "fe7ffbffdffffffcfffe6ffff4bfff9ffffa3fffd3ffff53fffd5ffffb3fffeb7fffdaffffb7ffff73fffeeffffdeffffebffffbfffffd9ffffdbfffebffffe0ffff" +
        "eeffffc3ffff8bffff1ffffe4fffee7fffb1ffff97fffd9ffffcdffff9fffffbffffdafffeeffff4ffffb7fffee7fffe8ffffd3fffdeffffd5fffeeffffbdffffe1f" +
        "ffdfffff7fffff5ffffecffff07fff87fffe0ffff17fffedffff87ffff77fffeffffeaffff8bfffe3ffff93ffff87fffcbffff37ffff1fffff83ffffe1fffebfffe3" +
        "ffff3fffff2ffffa3ffffd9fffff17ffffc7fffff27ffffdefffffbffffff2fffff8fffffb7fff97fff8fffffe6fffffc1fffff87ffffe7fffffc5ffffe5fffe4fff" +
        "f2fffffd1fffff4ffffffefffffe3fffffc9fffff97fffb3ffffcffffb7fffcdffff4ffff9ffffd1ffffcffffeaffffafffffddffffeffffff4fffff5fffffabffff" +
        "a7ffffd7fffff9bffffecfffffb7fffff3fffffe8fffffd3fffffabfffff5fffffff7ffffecfffffdbfffffbbfffff7ffffff0fffffbbf";

    private static readonly Dictionary<string, byte> Symbols = MakeSymbols();

    private static readonly string[] Static =
    [
        ":authority|", ":method|GET", ":method|POST", ":path|/", ":path|/index.html", ":scheme|http", ":scheme|https", ":status|200", ":status|204",
        ":status|206", ":status|304", ":status|400", ":status|404", ":status|500", "accept-charset|", "accept-encoding|gzip, deflate",
        "accept-language|", "accept-ranges|", "accept|", "access-control-allow-origin|", "age|", "allow|", "authorization|", "cache-control|",
        "content-disposition|", "content-encoding|", "content-language|", "content-length|", "content-location|", "content-range|", "content-type|",
        "cookie|", "date|", "etag|", "expect|", "expires|", "from|", "host|", "if-match|", "if-modified-since|", "if-none-match|", "if-range|",
        "if-unmodified-since|", "last-modified|", "link|", "location|", "max-forwards|", "proxy-authenticate|", "proxy-authorization|", "range|",
        "referer|", "refresh|", "retry-after|", "server|", "set-cookie|", "strict-transport-security|", "transfer-encoding|", "user-agent|", "vary|",
        "via|", "www-authenticate|",
    ];

    private readonly List<(string Name, string Value)> _table = [];
    private readonly int _allowed = allowed;
    private int _size = allowed;

    public int TableSize => _table.Sum(entry => entry.Name.Length + entry.Value.Length + 32);

    /// <summary>Null when the block is broken.</summary>
    public List<(string Name, string Value, bool Sensitive)>? Decode(byte[] block)
    {
        var fields = new List<(string, string, bool)>();
        var at = 0;
        var mayUpdate = true;
        try
        {
            while (at < block.Length)
            {
                var first = block[at];
                if (first >> 5 == 1)
                {
                    var size = Integer(block, ref at, 5);
                    if (!mayUpdate || size > _allowed)
                    {
                        return null;
                    }

                    _size = size;
                    Evict();
                    continue;
                }

                mayUpdate = false;
                if (first >> 7 == 1)
                {
                    var (name, value) = Entry(Integer(block, ref at, 7));
                    fields.Add((name, value, false));
                    continue;
                }

                var isAdded = first >> 6 == 1;
                var index = Integer(block, ref at, isAdded ? 6 : 4);
                var field = (Name: index == 0 ? String(block, ref at) : Entry(index).Name, Value: String(block, ref at));
                fields.Add((field.Name, field.Value, first >> 4 == 1));
                if (isAdded)
                {
                    _table.Insert(0, field);
                    Evict();
                }
            }
        }
        catch (InvalidDataException)
        {
            return null;
        }

        return fields;
    }

    public static string Bits(IEnumerable<byte> bytes) => string.Concat(bytes.Select(b => Convert.ToString(b, 2).PadLeft(8, '0')));

    public static string Huffman(byte[] coded)
    {
        var bits = Bits(coded);
        var text = new StringBuilder();
        var code = "";
        foreach (var bit in bits)
        {
            code += bit;
            if (Symbols.TryGetValue(code, out var symbol))
            {
                text.Append((char)symbol);
                code = "";
            }
        }

        return code.Length < 8 && !code.Contains('0') ? text.ToString() : throw new InvalidDataException();
    }

    private static int Integer(byte[] block, ref int at, int prefix)
    {
        if (at >= block.Length)
        {
            throw new InvalidDataException();
        }

        long mask = (1 << prefix) - 1;
        var value = block[at++] & mask;
        if (value < mask)
        {
            return (int)value;
        }

        for (var shift = 0; shift < 28; shift += 7)
        {
            if (at >= block.Length)
            {
                break;
            }

            value += (long)(block[at] & 127) << shift;
            if (block[at++] < 128)
            {
                return (int)value;
            }
        }

        throw new InvalidDataException();
    }

    private static string String(byte[] block, ref int at)
    {
        if (at >= block.Length)
        {
            throw new InvalidDataException();
        }

        var isCoded = block[at] >= 128;
        var length = Integer(block, ref at, 7);
        if (length > block.Length - at)
        {
            throw new InvalidDataException();
        }

        var bytes = block[at..(at + length)];
        at += length;
        return isCoded ? Huffman(bytes) : Encoding.Latin1.GetString(bytes);
    }

    private (string Name, string Value) Entry(int index)
    {
        if (index is > 0 and <= 61)
        {
            var parts = Static[index - 1].Split('|');
            return (parts[0], parts[1]);
        }

        return index > 61 && index - 62 < _table.Count ? _table[index - 62] : throw new InvalidDataException();
    }

    private void Evict()
    {
        while (TableSize > _size)
        {
            _table.RemoveAt(_table.Count - 1);
        }
    }

    // No code is the beginning of another; the lengths cut the string of all bytes into its codes.
    private static Dictionary<string, byte> MakeSymbols()
    {
        int[] lengths =
        [
            13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
            6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
            13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
            15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
            20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
            22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
            26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
            20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
        ];
        var bits = Bits(Convert.FromHexString(AllBytesCoded));
        var symbols = new Dictionary<string, byte>();
        var at = 0;
        for (var symbol = 0; symbol < 256; symbol++)
        {
            symbols.Add(bits.Substring(at, lengths[symbol]), (byte)symbol);
            at += lengths[symbol];
        }

        return symbols;
    }
}
