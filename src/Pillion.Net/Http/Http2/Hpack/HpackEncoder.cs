using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace Pillion.Net.Http.Http2.Hpack;

/// <summary>
/// Writes the field blocks of one direction of a connection (RFC 7541). What a connection says again and again goes into the table, and only
/// that: a value is entered when it comes the second time, so that values which never come again do not push out those which do. Passwords
/// and cookies that could be guessed are entered nowhere (§7.1.3).
/// </summary>
internal sealed class HpackEncoder
{
    /// <summary>Bytes that a field may take beyond its name and value.</summary>
    public const int FieldOverhead = 2 * HpackInteger.MaxBytes + 1;

    /// <summary>Bytes that announcing new table sizes may take.</summary>
    public const int UpdateBytes = 2 * HpackInteger.MaxBytes;

    // More than the default would cost memory per connection and win little.
    private const int MaxTableSize = 4096;
    private const int MaxLowered = 128;

    // §7.1.3: a short cookie could be found by guessing.
    private const int GuessableCookie = 20;

    private static readonly byte[][] LowerNames = MakeLowerNames();

    private readonly HpackTable _table = new();
    private readonly int[] _seen = new int[64];
    private int _smallestSize = -1;

    public HpackEncoder() => _table.SetMaxSize(MaxTableSize);

    public int TableSize => _table.Size;

    /// <summary>The peer's SETTINGS_HEADER_TABLE_SIZE; takes effect with the next block.</summary>
    public void SetPeerTableSize(long size)
    {
        var next = (int)Math.Min(size, MaxTableSize);
        if (next != _table.MaxSize || _smallestSize >= 0)
        {
            // §4.2: if it went down and up again in between, the lowest is announced, too.
            _smallestSize = Math.Min(_smallestSize < 0 ? _table.MaxSize : _smallestSize, next);
            _table.SetMaxSize(next);
        }
    }

    /// <summary>To be called before the first field of a block; the destination of every write has room for all that may be written.</summary>
    public int BeginBlock(Span<byte> destination)
    {
        if (_smallestSize < 0)
        {
            return 0;
        }

        var written = 0;
        if (_smallestSize < _table.MaxSize)
        {
            written = HpackInteger.Write(destination, 0x20, 5, _smallestSize);
        }

        written += HpackInteger.Write(destination[written..], 0x20, 5, _table.MaxSize);
        _smallestSize = -1;
        return written;
    }

    public int WriteStatus(Span<byte> destination, int status)
    {
        var index = status switch
        {
            200 => StaticTable.Status200,
            204 => StaticTable.Status200 + 1,
            206 => StaticTable.Status200 + 2,
            304 => StaticTable.Status200 + 3,
            400 => StaticTable.Status200 + 4,
            404 => StaticTable.Status200 + 5,
            500 => StaticTable.Status200 + 6,
            _ => 0,
        };
        if (index > 0)
        {
            return WriteIndex(destination, index);
        }

        Span<byte> digits = [(byte)('0' + (status / 100 % 10)), (byte)('0' + (status / 10 % 10)), (byte)('0' + (status % 10))];
        return WritePseudo(destination, Pseudo.Status, digits);
    }

    public int WriteMethod(Span<byte> destination, HttpMethod method, ReadOnlySpan<byte> name) => method switch
    {
        HttpMethod.Get => WriteIndex(destination, StaticTable.MethodGet),
        HttpMethod.Post => WriteIndex(destination, StaticTable.MethodPost),
        _ => WritePseudo(destination, Pseudo.Method, name),
    };

    public int WriteScheme(Span<byte> destination, bool isHttps) => WriteIndex(destination, isHttps ? StaticTable.SchemeHttps : StaticTable.SchemeHttp);

    public int WritePath(Span<byte> destination, ReadOnlySpan<byte> path)
    {
        if (path is [(byte)'/'])
        {
            return WriteIndex(destination, StaticTable.PathRoot);
        }

        // What stands in a query may be secret, and seldom comes again.
        return path.Contains((byte)'?')
            ? WriteLiteral(destination, 0x00, 4, StaticTable.PathRoot, default, path)
            : WritePseudo(destination, Pseudo.Path, path);
    }

    public int WritePseudo(Span<byte> destination, Pseudo pseudo, ReadOnlySpan<byte> value) =>
        WriteIndexable(destination, StaticTable.IndexOf(pseudo), KnownField.Other, pseudo, Pseudos.Name(pseudo), 0x1000 + (int)pseudo, value);

    /// <summary>Writes a field; its name may be in any case and is sent in lower case (RFC 9113 §8.2.1).</summary>
    public int WriteField(Span<byte> destination, KnownField known, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, bool isSensitive = false)
    {
        if (known != KnownField.Other)
        {
            var index = StaticTable.IndexOf(known);
            if (isSensitive || IsSensitive(known, value))
            {
                return WriteLiteral(destination, 0x10, 4, index, LowerNames[(int)known], value);
            }

            return known == KnownField.AcceptEncoding && value.SequenceEqual("gzip, deflate"u8)
                ? WriteIndex(destination, StaticTable.AcceptEncodingCommon)
                : WriteIndexable(destination, index, known, Pseudo.None, LowerNames[(int)known], 0x2000 + (int)known, value);
        }

        if (name.Length > MaxLowered)
        {
            return WriteLongNamed(destination, isSensitive ? (byte)0x10 : (byte)0, name, value);
        }

        Span<byte> lower = stackalloc byte[MaxLowered];
        lower = lower[..name.Length];
        Ascii.ToLower(name, lower, out _);
        return isSensitive
            ? WriteLiteral(destination, 0x10, 4, 0, lower, value)
            : WriteIndexable(destination, 0, known, Pseudo.None, lower, Hash(lower, 0x3000), value);
    }

    private static bool IsSensitive(KnownField known, ReadOnlySpan<byte> value) =>
        known is KnownField.Authorization or KnownField.ProxyAuthorization or KnownField.SetCookie ||
        (known == KnownField.Cookie && value.Length < GuessableCookie);

    private int WriteIndexable(
        Span<byte> destination, int nameIndex, KnownField known, Pseudo pseudo, ReadOnlySpan<byte> name, int nameHash, ReadOnlySpan<byte> value)
    {
        var size = name.Length + value.Length + HpackTable.EntryOverhead;
        if (size > _table.MaxSize / 4)
        {
            return WriteLiteral(destination, 0x00, 4, nameIndex, name, value);
        }

        var hash = Hash(value, nameHash);
        var number = _table.Find(hash);
        if (number >= 0 && _table.IsNamed(number, known, pseudo, name) && _table.Value(number).SequenceEqual(value))
        {
            return WriteIndex(destination, StaticTable.Count + 1 + number);
        }

        var hasName = nameIndex > 0;
        if (!hasName)
        {
            number = _table.FindName(nameHash);
            hasName = number >= 0 && _table.IsNamed(number, known, pseudo, name);
            nameIndex = hasName ? StaticTable.Count + 1 + number : 0;
        }

        if (hasName && !IsSeen(hash))
        {
            return WriteLiteral(destination, 0x00, 4, nameIndex, name, value);
        }

        var written = WriteLiteral(destination, 0x40, 6, nameIndex, name, value);
        _table.Insert(name, value, known, pseudo, FieldFlaws.None, hash, nameHash);
        return written;
    }

    // Two places for each hash: values that come in turns do not make each other forgotten.
    private bool IsSeen(int hash)
    {
        var place = (hash >> 1) & (_seen.Length - 1);
        ref var newest = ref _seen[place];
        ref var other = ref _seen[place ^ 1];
        if (newest == hash || other == hash)
        {
            return true;
        }

        other = newest;
        newest = hash;
        return false;
    }

    private static int WriteIndex(Span<byte> destination, int index) => HpackInteger.Write(destination, 0x80, 7, index);

    private static int WriteLiteral(Span<byte> destination, byte pattern, int prefix, int nameIndex, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        var written = HpackInteger.Write(destination, pattern, prefix, nameIndex);
        if (nameIndex == 0)
        {
            written += WriteString(destination[written..], name);
        }

        return written + WriteString(destination[written..], value);
    }

    private static int WriteLongNamed(Span<byte> destination, byte pattern, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        destination[0] = pattern;
        var written = 1 + HpackInteger.Write(destination[1..], 0, 7, name.Length);
        Ascii.ToLower(name, destination[written..], out _);
        written += name.Length;
        return written + WriteString(destination[written..], value);
    }

    private static int WriteString(Span<byte> destination, ReadOnlySpan<byte> text)
    {
        var coded = Huffman.EncodedLength(text);
        if (coded < text.Length)
        {
            var prefix = HpackInteger.Write(destination, 0x80, 7, coded);
            return prefix + Huffman.Encode(text, destination[prefix..]);
        }

        var written = HpackInteger.Write(destination, 0, 7, text.Length);
        text.CopyTo(destination[written..]);
        return written + text.Length;
    }

    // Never 0, which stands for no entry. Whoever finds values of the same hash wins nothing but a worse compression.
    private static int Hash(ReadOnlySpan<byte> bytes, int seed)
    {
        var hash = (ulong)(uint)seed * 0x9E37_79B9_7F4A_7C15 ^ (ulong)bytes.Length;
        while (bytes.Length >= sizeof(ulong))
        {
            hash = BitOperations.RotateLeft((hash ^ BinaryPrimitives.ReadUInt64LittleEndian(bytes)) * 0x9E37_79B9_7F4A_7C15, 29);
            bytes = bytes[sizeof(ulong)..];
        }

        var rest = 0ul;
        foreach (var value in bytes)
        {
            rest = (rest << 8) | value;
        }

        hash = (hash ^ rest) * 0x9E37_79B9_7F4A_7C15;
        return (int)(hash >> 33) | 1;
    }

    private static byte[][] MakeLowerNames()
    {
        var names = new byte[64][];
        foreach (var known in Enum.GetValues<KnownField>())
        {
            var name = KnownFields.Name(known).ToArray();
            Ascii.ToLowerInPlace(name, out _);
            names[(int)known] = name;
        }

        return names;
    }
}
