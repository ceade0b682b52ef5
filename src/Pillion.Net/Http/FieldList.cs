using System.Text;

namespace Pillion.Net.Http;

/// <summary>
/// The fields of one message, in their order and with their case (trailers are another list). Names and values live in one byte array
/// that grows with use and is kept when the list is cleared, so a list in steady use allocates nothing.
/// </summary>
internal sealed class FieldList
{
    private const int InitialBytes = 1024;
    private const int InitialEntries = 24;
    private const int KeptBytes = 8 * 1024;

    // Made when the first field comes: most lists of trailers never have one.
    private byte[] _bytes = [];
    private int _used;
    private Entry[] _entries = [];
    private int _count;

    /// <summary>Fields ever added since the last clear, removed ones included; walk with <see cref="IsPresent"/>.</summary>
    public int Count => _count;

    public bool IsPresent(int index) => _entries[index].NameLength >= 0;

    public KnownField Known(int index) => _entries[index].Known;

    public ReadOnlySpan<byte> Name(int index) => _bytes.AsSpan(_entries[index].NameStart, Math.Abs((int)_entries[index].NameLength));

    public ReadOnlySpan<byte> Value(int index) => _bytes.AsSpan(_entries[index].ValueStart, _entries[index].ValueLength);

    public void Clear()
    {
        _count = 0;
        _used = 0;
        if (_bytes.Length > KeptBytes)
        {
            _bytes = new byte[InitialBytes];
        }

        if (_entries.Length > 128)
        {
            _entries = new Entry[InitialEntries];
        }
    }

    /// <summary>
    /// Copies a block of bytes (a whole head) in and returns where it starts, so that a parser can register fields inside it without copying each.
    /// The block may be edited through <see cref="Block"/> until the fields are read.
    /// </summary>
    public int AddBlock(ReadOnlySpan<byte> block)
    {
        Reserve(block.Length);
        var start = _used;
        block.CopyTo(_bytes.AsSpan(start));
        _used += block.Length;
        return start;
    }

    public Span<byte> Block(int start, int length) => _bytes.AsSpan(start, length);

    /// <summary>Registers a field whose bytes are already in the block.</summary>
    public void AddInBlock(KnownField known, int nameStart, int nameLength, int valueStart, int valueLength)
    {
        if (_count == _entries.Length)
        {
            Array.Resize(ref _entries, Math.Max(InitialEntries, _count * 2));
        }

        _entries[_count++] = new Entry(known, (short)nameLength, nameStart, valueStart, valueLength);
    }

    public void Add(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value) => Add(KnownFields.Identify(name), name, value);

    public void Add(KnownField known, ReadOnlySpan<byte> value) => Add(known, KnownFields.Name(known), value);

    public void Add(KnownField known, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        Reserve(name.Length + value.Length);
        name.CopyTo(_bytes.AsSpan(_used));
        value.CopyTo(_bytes.AsSpan(_used + name.Length));
        AddInBlock(known, _used, name.Length, _used + name.Length, value.Length);
        _used += name.Length + value.Length;
    }

    /// <summary>Replaces the first field of this name and drops the others, or adds one.</summary>
    public void Set(KnownField known, ReadOnlySpan<byte> value)
    {
        var index = IndexOf(known);
        if (index < 0)
        {
            Add(known, value);
            return;
        }

        Replace(index, value);
        for (var other = IndexOf(known, index + 1); other >= 0; other = IndexOf(known, other + 1))
        {
            RemoveAt(other);
        }
    }

    /// <summary>Gives the field at <paramref name="index"/> another value; its name keeps its case.</summary>
    public void Replace(int index, ReadOnlySpan<byte> value)
    {
        ref var entry = ref _entries[index];
        if (value.Length > entry.ValueLength)
        {
            Reserve(value.Length);
            entry = ref _entries[index];
            entry.ValueStart = _used;
            _used += value.Length;
        }

        value.CopyTo(_bytes.AsSpan(entry.ValueStart));
        entry.ValueLength = value.Length;
    }

    /// <summary>The value's own bytes, to be edited in place; shorten afterwards with <see cref="SetValueLength"/>.</summary>
    public Span<byte> EditableValue(int index) => _bytes.AsSpan(_entries[index].ValueStart, _entries[index].ValueLength);

    public void SetValueLength(int index, int length) => _entries[index].ValueLength = length;

    /// <summary>Lets the newest value, registered in a block, reach to <paramref name="end"/> in that block (a folded line belongs to it).</summary>
    public void ExtendLastValue(int end) => _entries[_count - 1].ValueLength = end - _entries[_count - 1].ValueStart;

    /// <summary>Index of the first present field from <paramref name="from"/> on, or -1.</summary>
    public int IndexOf(KnownField known, int from = 0)
    {
        for (var i = from; i < _count; i++)
        {
            if (_entries[i].Known == known && _entries[i].NameLength >= 0)
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>As above by name, case ignored.</summary>
    public int IndexOf(ReadOnlySpan<byte> name, int from = 0)
    {
        for (var i = from; i < _count; i++)
        {
            if (_entries[i].NameLength == name.Length && Ascii.EqualsIgnoreCase(Name(i), name))
            {
                return i;
            }
        }

        return -1;
    }

    public bool Has(KnownField known) => IndexOf(known) >= 0;

    /// <summary>The first value, or empty.</summary>
    public ReadOnlySpan<byte> Get(KnownField known)
    {
        var index = IndexOf(known);
        return index < 0 ? default : Value(index);
    }

    // A removed entry keeps its bytes; the sign of the length says that it is gone. A field name has at least one byte.
    public void RemoveAt(int index)
    {
        if (_entries[index].NameLength > 0)
        {
            _entries[index].NameLength = (short)-_entries[index].NameLength;
        }
    }

    public void RemoveAll(KnownField known)
    {
        for (var i = IndexOf(known); i >= 0; i = IndexOf(known, i + 1))
        {
            RemoveAt(i);
        }
    }

    public void RemoveAll(ReadOnlySpan<byte> name)
    {
        for (var i = IndexOf(name); i >= 0; i = IndexOf(name, i + 1))
        {
            RemoveAt(i);
        }
    }

    /// <summary>Copies every present field of another list behind these.</summary>
    public void AddAll(FieldList other)
    {
        for (var i = 0; i < other._count; i++)
        {
            if (other.IsPresent(i))
            {
                Add(other.Known(i), other.Name(i), other.Value(i));
            }
        }
    }

    private void Reserve(int bytes)
    {
        if (_bytes.Length - _used < bytes)
        {
            Array.Resize(ref _bytes, Math.Max(Math.Max(InitialBytes, _bytes.Length * 2), _used + bytes));
        }
    }

    private struct Entry(KnownField known, short nameLength, int nameStart, int valueStart, int valueLength)
    {
        public readonly KnownField Known = known;
        public short NameLength = nameLength;
        public readonly int NameStart = nameStart;
        public int ValueStart = valueStart;
        public int ValueLength = valueLength;
    }
}
