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

    // A bit for each known field that was ever added: whether one is missing, which most are, is told without a search.
    private ulong _seen;

    /// <summary>Fields ever added since the last clear, removed ones included; walk with <see cref="IsPresent"/>.</summary>
    public int Count => _count;

    /// <summary>No less than all names and values together.</summary>
    public int Bytes => _used;

    public bool IsPresent(int index) => _entries[index].NameLength >= 0;

    public KnownField Known(int index) => _entries[index].Known;

    /// <summary>Its sender wants it in no table of HPACK (RFC 7541 §6.2.3).</summary>
    public bool IsSensitive(int index) => _entries[index].IsSensitive;

    /// <summary>We put it there, and its sender does not know it: nothing that looks at the message shows it.</summary>
    public bool IsSecret(int index) => _entries[index].IsSecret;

    public ReadOnlySpan<byte> Name(int index) => _bytes.AsSpan(_entries[index].NameStart, Math.Abs((int)_entries[index].NameLength));

    public ReadOnlySpan<byte> Value(int index) => _bytes.AsSpan(_entries[index].ValueStart, _entries[index].ValueLength);

    public void Clear()
    {
        _count = 0;
        _used = 0;
        _seen = 0;
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
    /// <param name="isLine">The block has it as <c>name: value</c> with CR and LF behind, which is how it will be sent.</param>
    public void AddInBlock(KnownField known, int nameStart, int nameLength, int valueStart, int valueLength, bool isLine = false)
    {
        if (_count == _entries.Length)
        {
            Array.Resize(ref _entries, Math.Max(InitialEntries, _count * 2));
        }

        _entries[_count++] = new Entry(known, isLine, (short)nameLength, nameStart, valueStart, valueLength);
        _seen |= 1UL << (int)known;
    }

    public void Add(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value) => Add(KnownFields.Identify(name), name, value);

    public void Add(KnownField known, ReadOnlySpan<byte> value) => Add(known, KnownFields.Name(known), value);

    /// <param name="isSensitive">Its sender wants it in no table of HPACK, ours included (RFC 7541 §6.2.3).</param>
    public void Add(KnownField known, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, bool isSensitive = false)
    {
        // Written as the line that it will be sent as, so that lines which stand together can be sent with one copy.
        var length = name.Length + value.Length + 4;
        Reserve(length);
        var line = _bytes.AsSpan(_used, length);
        name.CopyTo(line);
        line[name.Length] = (byte)':';
        line[name.Length + 1] = HttpBytes.Space;
        value.CopyTo(line[(name.Length + 2)..]);
        line[^2] = HttpBytes.Cr;
        line[^1] = HttpBytes.Lf;
        AddInBlock(known, _used, name.Length, _used + name.Length + 2, value.Length, isLine: true);
        _entries[_count - 1].IsSensitive = isSensitive;
        _used += length;
    }

    /// <summary>A credential of our own: sensitive, and <see cref="IsSecret"/>.</summary>
    public void AddSecret(KnownField known, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        Add(known, name, value, isSensitive: true);
        _entries[_count - 1].IsSecret = true;
    }

    /// <summary>
    /// From <paramref name="index"/> on: the lines that stand together and can be sent as they are, fields of <paramref name="but"/> (bits by
    /// <see cref="KnownField"/>) not among them. The index moves behind them; empty where the field at the index is none such.
    /// </summary>
    public ReadOnlySpan<byte> TakeLines(ref int index, ulong but)
    {
        var entries = _entries.AsSpan(0, _count);
        var start = 0;
        var end = 0;
        for (; index < entries.Length; index++)
        {
            ref readonly var entry = ref entries[index];
            if (!entry.IsLine || entry.NameLength < 0 || (but & (1UL << (int)entry.Known)) != 0 || (end != 0 && entry.NameStart != end))
            {
                break;
            }

            start = end == 0 ? entry.NameStart : start;
            end = entry.ValueStart + entry.ValueLength + 2;
        }

        return _bytes.AsSpan(start, end - start);
    }

    /// <summary>A field of this set (bits by <see cref="KnownField"/>) may be present; false is certain.</summary>
    public bool MayHaveAny(ulong fields) => (_seen & fields) != 0;

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
        entry.IsLine &= value.Length == entry.ValueLength;
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

    public void SetValueLength(int index, int length)
    {
        _entries[index].ValueLength = length;
        _entries[index].IsLine = false;
    }

    /// <summary>Lets the newest value, registered in a block, reach to <paramref name="end"/> in that block (a folded line belongs to it).</summary>
    public void ExtendLastValue(int end)
    {
        ref var entry = ref _entries[_count - 1];
        entry.ValueLength = end - entry.ValueStart;
        entry.IsLine = false;
    }

    /// <summary>Index of the first present field from <paramref name="from"/> on, or -1.</summary>
    public int IndexOf(KnownField known, int from = 0)
    {
        if ((_seen & (1UL << (int)known)) == 0)
        {
            return -1;
        }

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

    /// <summary>Removes credentials of our own: what goes elsewhere than they were meant for must not have them.</summary>
    public void RemoveSecrets()
    {
        for (var i = 0; i < _count; i++)
        {
            if (IsPresent(i) && IsSecret(i))
            {
                RemoveAt(i);
            }
        }
    }

    /// <summary>Copies every present field of another list behind these.</summary>
    public void AddAll(FieldList other)
    {
        for (var i = 0; i < other._count; i++)
        {
            if (other.IsPresent(i))
            {
                Add(other.Known(i), other.Name(i), other.Value(i), other.IsSensitive(i));
                _entries[_count - 1].IsSecret = other.IsSecret(i);
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

    private struct Entry(KnownField known, bool isLine, short nameLength, int nameStart, int valueStart, int valueLength)
    {
        public readonly KnownField Known = known;
        public bool IsLine = isLine;
        public bool IsSensitive;
        public bool IsSecret;
        public short NameLength = nameLength;
        public readonly int NameStart = nameStart;
        public int ValueStart = valueStart;
        public int ValueLength = valueLength;
    }
}
