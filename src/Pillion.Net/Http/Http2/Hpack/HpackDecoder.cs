namespace Pillion.Net.Http.Http2.Hpack;

/// <summary>What reading on in a block came to.</summary>
internal enum HpackStep : byte
{
    Field,

    /// <summary>The block is read.</summary>
    End,

    /// <summary>The block cannot be read, and so none after it: COMPRESSION_ERROR (RFC 7541, RFC 9113 §4.3).</summary>
    Broken,
}

/// <summary>
/// Reads the field blocks of one direction of a connection (RFC 7541). A field that is larger than the caller has room for is read and not
/// kept, so that the table stays what the peer believes it to be, whatever the peer sends.
/// </summary>
internal sealed class HpackDecoder
{
    private const int FirstScratch = 1024;

    // Decoded strings live here until the next field is read. One for all connections of a thread: a block is read in one go.
    [ThreadStatic]
    private static byte[]? t_scratch;

    private readonly HpackTable _table = new();
    private int _maxTableSize;
    private bool _mustUpdate;
    private bool _atStart;

    public HpackDecoder(int maxTableSize)
    {
        _maxTableSize = maxTableSize;
        _table.SetMaxSize(maxTableSize);
    }

    public int TableSize => _table.Size;

    public int TableCount => _table.Count;

    /// <summary>The size that we announced and the peer has acknowledged; a smaller one than before must be taken over by its next block (§4.2).</summary>
    public int MaxTableSize
    {
        get => _maxTableSize;
        set
        {
            _maxTableSize = value;
            _mustUpdate = _table.MaxSize > value;
        }
    }

    public void BeginBlock() => _atStart = true;

    /// <summary>Reads the next field of a whole block.</summary>
    /// <param name="room">Bytes of name and value together that are of use; a larger field is reported as oversized.</param>
    public HpackStep Read(ReadOnlySpan<byte> block, scoped ref int at, int room, out HpackField field)
    {
        field = default;
        while (at < block.Length)
        {
            var first = block[at];
            if ((first & 0xE0) == 0x20)
            {
                if (!UpdateSize(block, ref at))
                {
                    return HpackStep.Broken;
                }

                continue;
            }

            if (_mustUpdate)
            {
                return HpackStep.Broken;
            }

            _atStart = false;
            var isRead =
                (first & 0x80) != 0 ? ReadIndexed(block, ref at, room, ref field) :
                (first & 0x40) != 0 ? ReadLiteral(block, ref at, 6, room, isIndexed: true, ref field) :
                ReadLiteral(block, ref at, 4, room, isIndexed: false, ref field);
            field.IsSensitive = (first & 0xF0) == 0x10;
            return isRead ? HpackStep.Field : HpackStep.Broken;
        }

        return _atStart && _mustUpdate ? HpackStep.Broken : HpackStep.End;
    }

    private bool UpdateSize(ReadOnlySpan<byte> block, scoped ref int at)
    {
        // §4.2: at the beginning of a block only, and never above what we allow.
        if (!_atStart || !HpackInteger.TryRead(block, ref at, 5, out var size) || size > _maxTableSize)
        {
            return false;
        }

        _table.SetMaxSize(size);
        _mustUpdate = false;
        return true;
    }

    private bool ReadIndexed(ReadOnlySpan<byte> block, scoped ref int at, int room, ref HpackField field)
    {
        if (!HpackInteger.TryRead(block, ref at, 7, out var index) || !Get(index, ref field))
        {
            return false;
        }

        if (field.Name.Length + field.Value.Length > room)
        {
            SetOversized(ref field);
        }

        return true;
    }

    private bool ReadLiteral(ReadOnlySpan<byte> block, scoped ref int at, int prefix, int room, bool isIndexed, ref HpackField field)
    {
        if (!HpackInteger.TryRead(block, ref at, prefix, out var index))
        {
            return false;
        }

        // What goes into the table is needed even where there is no room for it further on.
        var limit = isIndexed ? Math.Max(room, _table.MaxSize) : room;
        var nameLength = 0;
        var scratch = 0;
        if (index == 0)
        {
            if (!ReadString(block, ref at, limit, ref scratch, out field.Name, out nameLength))
            {
                return false;
            }

            if (nameLength <= limit)
            {
                field.Pseudo = Pseudos.Identify(field.Name);
                field.Known = field.Pseudo == Pseudo.None ? KnownFields.Identify(field.Name) : KnownField.Other;
                field.Flaws = field.Pseudo == Pseudo.None ? FieldFlawSearch.InName(field.Name) : FieldFlaws.None;
            }
        }
        else
        {
            if (!Get(index, ref field))
            {
                return false;
            }

            nameLength = field.Name.Length;
            field.Flaws &= FieldFlaws.UpperCase | FieldFlaws.BadName;
            if (index > StaticTable.Count)
            {
                // The entry may have to go for the new one.
                CopyName(ref field, ref scratch);
            }
        }

        var hasNameInScratch = scratch;
        if (!ReadString(block, ref at, limit, ref scratch, out field.Value, out var valueLength))
        {
            return false;
        }

        if (hasNameInScratch > 0)
        {
            // The scratch may be another one by now.
            field.Name = t_scratch.AsSpan(0, nameLength);
        }

        var isKept = nameLength + (long)valueLength <= limit;
        if (isKept)
        {
            field.Flaws |= FieldFlawSearch.InValue(field.Value);
        }

        if (isIndexed)
        {
            if (isKept)
            {
                _table.Insert(field.Name, field.Value, field.Known, field.Pseudo, field.Flaws);
            }
            else
            {
                _table.Clear();
            }
        }

        if (nameLength + (long)valueLength > room)
        {
            SetOversized(ref field);
        }

        return true;
    }

    private bool Get(int index, ref HpackField field)
    {
        if (index is > 0 and <= StaticTable.Count)
        {
            StaticTable.Get(index, ref field);
            return true;
        }

        var number = index - StaticTable.Count - 1;
        if (number < 0 || number >= _table.Count)
        {
            return false;
        }

        _table.Get(number, ref field);
        return true;
    }

    private static void SetOversized(ref HpackField field)
    {
        field.Name = field.Value = default;
        field.IsOversized = true;
    }

    private static void CopyName(ref HpackField field, ref int scratch)
    {
        Reserve(field.Name.Length, 0);
        field.Name.CopyTo(t_scratch);
        scratch = field.Name.Length;
        field.Name = t_scratch.AsSpan(0, scratch);
    }

    // A string as it stands in the block, or decoded into the scratch. One longer than the limit is left empty; its length says so.
    private static bool ReadString(ReadOnlySpan<byte> block, scoped ref int at, int limit, scoped ref int scratch, out ReadOnlySpan<byte> text, out int length)
    {
        text = default;
        length = 0;
        if (at >= block.Length)
        {
            return false;
        }

        var isCoded = (block[at] & 0x80) != 0;
        if (!HpackInteger.TryRead(block, ref at, 7, out length) || length > block.Length - at)
        {
            return false;
        }

        var bytes = block.Slice(at, length);
        at += length;
        if (!isCoded)
        {
            text = bytes;
            return true;
        }

        // No code is shorter than five bits.
        Reserve((int)Math.Min(limit, (length * 8L / 5) + 1), scratch);
        var destination = t_scratch.AsSpan(scratch, Math.Min(limit, t_scratch!.Length - scratch));
        length = Huffman.Decode(bytes, destination);
        if (length < 0)
        {
            return false;
        }

        if (length <= limit)
        {
            text = destination[..length];
            scratch += length;
        }

        return true;
    }

    private static void Reserve(int bytes, int used)
    {
        if (t_scratch is null)
        {
            t_scratch = new byte[Math.Max(FirstScratch, bytes)];
        }
        else if (t_scratch.Length - used < bytes)
        {
            Array.Resize(ref t_scratch, Math.Max(t_scratch.Length * 2, used + bytes));
        }
    }
}
