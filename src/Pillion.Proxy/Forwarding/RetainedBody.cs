using Pillion.Net.Memory;

namespace Pillion.Proxy.Forwarding;

/// <summary>
/// The request body's bytes that were sent to an upstream, kept up to a bound so that a further try can send them again.
/// Beyond the bound nothing is kept and the request has its last try.
/// </summary>
internal sealed class RetainedBody(SlabPool slabs)
{
    private readonly List<Slab> _slabs = [];
    private int _limit;
    private int _length;

    /// <summary>Every byte taken from the client so far is here.</summary>
    public bool IsComplete { get; private set; } = true;

    public int Length => _length;

    /// <summary>The kept pieces, in order; whoever sends them sends copies.</summary>
    public IReadOnlyList<Slab> Pieces => _slabs;

    public void Begin(int limit)
    {
        Clear();
        _limit = limit;
    }

    public void Add(ReadOnlySpan<byte> bytes)
    {
        if (!IsComplete)
        {
            return;
        }

        if (_length + bytes.Length > _limit)
        {
            Clear();
            IsComplete = false;
            return;
        }

        _length += bytes.Length;
        while (!bytes.IsEmpty)
        {
            if (_slabs.Count == 0 || _slabs[^1].Free.IsEmpty)
            {
                _slabs.Add(slabs.Rent(bytes.Length));
            }

            var part = bytes[..Math.Min(bytes.Length, _slabs[^1].Free.Length)];
            _slabs[^1].TryAppend(part);
            bytes = bytes[part.Length..];
        }
    }

    public void Clear()
    {
        foreach (var slab in _slabs)
        {
            slabs.Return(slab);
        }

        _slabs.Clear();
        _length = 0;
        IsComplete = true;
    }
}
