using System.Numerics;
using System.Text;

namespace Pillion.Proxy.Routing;

/// <summary>
/// A read-only table keyed by bytes, asked with a span and without allocation. Keys come from the configuration, never from a client, so the
/// hash needs no secret; ASCII case may be ignored.
/// </summary>
internal sealed class ByteTable<T>
    where T : class
{
    private readonly bool _ignoreCase;
    private readonly Slot[] _slots;
    private readonly int _mask;

    public ByteTable(IReadOnlyCollection<KeyValuePair<byte[], T>> entries, bool ignoreCase)
    {
        _ignoreCase = ignoreCase;
        _slots = new Slot[Math.Max(4, (int)BitOperations.RoundUpToPowerOf2((uint)entries.Count * 2))];
        _mask = _slots.Length - 1;
        foreach (var (key, value) in entries)
        {
            var hash = Hash(key);
            var at = (int)hash & _mask;
            while (_slots[at].Key is { } taken && !Same(taken, key))
            {
                at = (at + 1) & _mask;
            }

            // The first of two equal keys counts, as the first of two equal routes does.
            if (_slots[at].Key is null)
            {
                _slots[at] = new Slot { Key = key, Hash = hash, Value = value };
            }
        }
    }

    public T? Find(ReadOnlySpan<byte> key)
    {
        var hash = Hash(key);
        for (var at = (int)hash & _mask; ; at = (at + 1) & _mask)
        {
            ref readonly var slot = ref _slots[at];
            if (slot.Key is null)
            {
                return null;
            }

            if (slot.Hash == hash && Same(slot.Key, key))
            {
                return slot.Value;
            }
        }
    }

    private bool Same(byte[] key, ReadOnlySpan<byte> other) =>
        _ignoreCase ? Ascii.EqualsIgnoreCase(key, other) : other.SequenceEqual(key);

    // FNV-1a. Setting 0x20 makes letters of both cases hash alike; other bytes that fall together are told apart by the comparison.
    private uint Hash(ReadOnlySpan<byte> key)
    {
        var fold = _ignoreCase ? (byte)0x20 : (byte)0;
        var hash = 2166136261u;
        foreach (var b in key)
        {
            hash = (hash ^ (uint)(b | fold)) * 16777619u;
        }

        return hash ^ (hash >> 15);
    }

    private struct Slot
    {
        public byte[]? Key;
        public uint Hash;
        public T Value;
    }
}
