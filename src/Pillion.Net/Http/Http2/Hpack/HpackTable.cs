namespace Pillion.Net.Http.Http2.Hpack;

/// <summary>
/// The dynamic table of RFC 7541 §2.3.2, of either side: entries in a ring, the newest being number 0, their bytes one behind the other in
/// an array that is moved together now and then. It grows with use, so that a connection which says little keeps little.
/// </summary>
internal sealed class HpackTable
{
    /// <summary>What an entry counts beside its bytes (§4.1).</summary>
    public const int EntryOverhead = 32;

    private const int FirstEntries = 16;
    private const int FirstBytes = 512;

    private Entry[] _entries = [];
    private int[] _hashes = [];
    private int[] _nameHashes = [];
    private byte[] _bytes = [];
    private int _inserted;
    private int _used;

    // Bytes that were ever moved away from the array's beginning: an entry's place is counted from the first byte that ever was.
    private int _moved;

    public int Count { get; private set; }

    public int Size { get; private set; }

    public int MaxSize { get; private set; }

    public void SetMaxSize(int size)
    {
        MaxSize = size;
        Evict(size);
    }

    /// <summary>Lets every entry go: what an entry larger than the table does (§4.4).</summary>
    public void Clear() => Evict(0);

    public ReadOnlySpan<byte> Name(int number)
    {
        ref readonly var entry = ref EntryAt(number);
        return _bytes.AsSpan(entry.Start - _moved, entry.NameLength);
    }

    public ReadOnlySpan<byte> Value(int number)
    {
        ref readonly var entry = ref EntryAt(number);
        return _bytes.AsSpan(entry.Start - _moved + entry.NameLength, entry.ValueLength);
    }

    public void Get(int number, ref HpackField field)
    {
        ref readonly var entry = ref EntryAt(number);
        var start = entry.Start - _moved;
        field.Name = _bytes.AsSpan(start, entry.NameLength);
        field.Value = _bytes.AsSpan(start + entry.NameLength, entry.ValueLength);
        field.Known = entry.Known;
        field.Pseudo = entry.Pseudo;
        field.Flaws = entry.Flaws;
    }

    /// <summary>Whether the entry has this name, told by the number of a known one.</summary>
    public bool IsNamed(int number, KnownField known, Pseudo pseudo, ReadOnlySpan<byte> name)
    {
        ref readonly var entry = ref EntryAt(number);
        return entry.Known == known && entry.Pseudo == pseudo && (known != KnownField.Other || pseudo != Pseudo.None || Name(number).SequenceEqual(name));
    }

    /// <summary>The number of an entry with this hash of name and value, or -1.</summary>
    public int Find(int hash) => Find(_hashes, hash);

    /// <summary>The number of an entry with this hash of its name, or -1.</summary>
    public int FindName(int nameHash) => Find(_nameHashes, nameHash);

    /// <summary>
    /// Adds an entry and lets the oldest go until it fits; one that is larger than the whole table only empties it (§4.4). Name and value must
    /// not lie in this table.
    /// </summary>
    public void Insert(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, KnownField known, Pseudo pseudo, FieldFlaws flaws, int hash = 0, int nameHash = 0)
    {
        var length = name.Length + value.Length;
        if (length > MaxSize - EntryOverhead)
        {
            Clear();
            return;
        }

        Evict(MaxSize - EntryOverhead - length);
        if (Count == _entries.Length)
        {
            GrowEntries();
        }

        MakeRoom(length);
        name.CopyTo(_bytes.AsSpan(_used));
        value.CopyTo(_bytes.AsSpan(_used + name.Length));
        var slot = _inserted++ & (_entries.Length - 1);
        _entries[slot] = new Entry(_moved + _used, (ushort)name.Length, value.Length, known, pseudo, flaws);
        _hashes[slot] = hash;
        _nameHashes[slot] = nameHash;
        _used += length;
        Count++;
        Size += length + EntryOverhead;
    }

    private ref readonly Entry EntryAt(int number) => ref _entries[(_inserted - 1 - number) & (_entries.Length - 1)];

    private int Find(int[] hashes, int hash)
    {
        for (var from = 0; ;)
        {
            var slot = hashes.AsSpan(from).IndexOf(hash);
            if (slot < 0)
            {
                return -1;
            }

            // Entries that have gone leave their hash behind.
            var number = (_inserted - 1 - (from + slot)) & (hashes.Length - 1);
            if (number < Count)
            {
                return number;
            }

            from += slot + 1;
        }
    }

    private void Evict(int maxSize)
    {
        while (Size > maxSize)
        {
            ref readonly var oldest = ref EntryAt(Count - 1);
            Size -= oldest.NameLength + oldest.ValueLength + EntryOverhead;
            Count--;
        }
    }

    private void MakeRoom(int length)
    {
        if (_bytes.Length - _used >= length)
        {
            return;
        }

        var start = Count == 0 ? _used : EntryAt(Count - 1).Start - _moved;
        var kept = _used - start;
        var target = _bytes;
        if (_bytes.Length < 2 * (kept + length))
        {
            target = new byte[Math.Max(FirstBytes, 2 * (kept + length))];
        }

        _bytes.AsSpan(start, kept).CopyTo(target);
        _bytes = target;
        _moved += start;
        _used = kept;
    }

    private void GrowEntries()
    {
        var length = Math.Max(FirstEntries, 2 * _entries.Length);
        var entries = new Entry[length];
        var hashes = new int[length];
        var nameHashes = new int[length];
        for (var i = 0; i < Count; i++)
        {
            var from = (_inserted - Count + i) & (_entries.Length - 1);
            entries[i] = _entries[from];
            hashes[i] = _hashes[from];
            nameHashes[i] = _nameHashes[from];
        }

        _entries = entries;
        _hashes = hashes;
        _nameHashes = nameHashes;
        _inserted = Count;
    }

    private readonly struct Entry(int start, ushort nameLength, int valueLength, KnownField known, Pseudo pseudo, FieldFlaws flaws)
    {
        public readonly int Start = start;
        public readonly int ValueLength = valueLength;
        public readonly ushort NameLength = nameLength;
        public readonly KnownField Known = known;
        public readonly Pseudo Pseudo = pseudo;
        public readonly FieldFlaws Flaws = flaws;
    }
}
