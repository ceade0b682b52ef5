using Pillion.Net.Loop;

namespace Pillion.Net.Detection;

/// <summary>
/// Remembers the destinations whose servers speak first, so that a second connection to a database does not wait for a client that says nothing.
/// One per loop; bounded, the least recently used goes first, and an entry is forgotten in time, since an address may get another owner.
/// </summary>
/// <remarks>
/// A silent client alone proves nothing: HTTP clients open connections ahead of need. Only a server whose bytes came before its client's does, and only
/// where they came soon: a web server that tires of waiting may answer 408 without having been asked.
/// </remarks>
internal sealed class DetectionMemory(EventLoop loop, int capacity = DetectionMemory.DefaultCapacity, TimeSpan? keep = null)
{
    public const int DefaultCapacity = 512;

    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(2);

    private readonly long _keepMillis = (long)(keep ?? TimeSpan.FromMinutes(10)).TotalMilliseconds;
    private readonly Dictionary<PeerAddress, LinkedListNode<Entry>> _entries = [];

    // The most recently used first.
    private readonly LinkedList<Entry> _order = [];

    public int Count => _entries.Count;

    /// <summary>True when the server there was seen to speak first, not long ago.</summary>
    public bool ServerSpeaksFirst(PeerAddress destination)
    {
        if (!_entries.TryGetValue(destination, out var node))
        {
            return false;
        }

        if (node.Value.Until <= loop.Millis)
        {
            Remove(node);
            return false;
        }

        _order.Remove(node);
        _order.AddFirst(node);
        return true;
    }

    /// <summary>The server there sent bytes before its client did, so long after it was connected to.</summary>
    public void Remember(PeerAddress destination, TimeSpan sinceConnected)
    {
        if (sinceConnected > Soon)
        {
            return;
        }

        if (!_entries.TryGetValue(destination, out var node))
        {
            if (_entries.Count == capacity)
            {
                // The node is used again: a full memory allocates no more.
                node = _order.Last!;
                Remove(node);
            }
            else
            {
                node = new LinkedListNode<Entry>(default);
            }

            _entries.Add(destination, node);
        }
        else
        {
            _order.Remove(node);
        }

        node.Value = new Entry(destination, loop.Millis + _keepMillis);
        _order.AddFirst(node);
    }

    /// <summary>A client there spoke first after all.</summary>
    public void Forget(PeerAddress destination)
    {
        if (_entries.TryGetValue(destination, out var node))
        {
            Remove(node);
        }
    }

    private void Remove(LinkedListNode<Entry> node)
    {
        _entries.Remove(node.Value.Destination);
        _order.Remove(node);
    }

    private readonly record struct Entry(PeerAddress Destination, long Until);
}
