namespace Pillion.Net.Http.Http2.Hpack;

/// <summary>
/// The code of RFC 7541 appendix B. It is canonical (codes of one length follow each other in the order of their symbols), so the lengths
/// say everything; the tables that coding needs are computed from them once.
/// </summary>
internal static class HuffmanCode
{
    public const int MaxLength = 30;

    /// <summary>Codes up to this length are found with one look.</summary>
    public const int LookBits = 10;

    private const int EndOfString = 256;

    /// <summary>For the next <see cref="LookBits"/> bits: length and symbol, or 0 where the code is longer.</summary>
    public static readonly ushort[] Look = new ushort[1 << LookBits];

    /// <summary>A symbol's code, right-aligned.</summary>
    public static readonly uint[] Codes = new uint[256];

    public static readonly byte[] Lengths = new byte[256];

    // For each length: its first code, how many there are, and where their symbols begin in _bySymbol.
    private static readonly uint[] FirstCode = new uint[MaxLength + 1];
    private static readonly int[] Count = new int[MaxLength + 1];
    private static readonly int[] FirstSymbol = new int[MaxLength + 1];
    private static readonly short[] SymbolsByCode = new short[EndOfString + 1];

    static HuffmanCode()
    {
        ReadOnlySpan<byte> lengths =
        [
            13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
            6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
            13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
            15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
            20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
            22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
            26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
            20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
            30,
        ];
        var code = 0u;
        var place = 0;
        for (var length = 1; length <= MaxLength; length++)
        {
            code <<= 1;
            FirstCode[length] = code;
            FirstSymbol[length] = place;
            for (var symbol = 0; symbol < lengths.Length; symbol++)
            {
                if (lengths[symbol] == length)
                {
                    Assign(symbol, code++, length);
                    SymbolsByCode[place++] = (short)symbol;
                    Count[length]++;
                }
            }
        }
    }

    /// <summary>The symbol at the beginning of these bits when its code is longer than a look; -1 for the end of a string, which no string may hold (§5.2).</summary>
    public static int Find(uint bits, out int length)
    {
        for (length = LookBits + 1; length <= MaxLength; length++)
        {
            var place = (bits >> (32 - length)) - FirstCode[length];
            if (place < (uint)Count[length])
            {
                var symbol = SymbolsByCode[FirstSymbol[length] + (int)place];
                return symbol == EndOfString ? -1 : symbol;
            }
        }

        return -1;
    }

    private static void Assign(int symbol, uint code, int length)
    {
        if (symbol == EndOfString)
        {
            return;
        }

        Codes[symbol] = code;
        Lengths[symbol] = (byte)length;
        if (length <= LookBits)
        {
            var first = (int)(code << (LookBits - length));
            Look.AsSpan(first, 1 << (LookBits - length)).Fill((ushort)((length << 8) | symbol));
        }
    }
}
