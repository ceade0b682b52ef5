namespace Pillion.Net.Http.Http2;

/// <summary>How a stream came to its end, which decides what a late frame on it means (RFC 9113 §5.1).</summary>
internal enum StreamClosing : byte
{
    /// <summary>Longer ago than is remembered, or never opened and passed over.</summary>
    Forgotten,

    /// <summary>Both sides ended it.</summary>
    Ended,

    /// <summary>The peer reset it.</summary>
    ResetByPeer,

    /// <summary>We reset it; the peer may not know that yet.</summary>
    ResetByUs,
}

/// <summary>The streams that were closed last.</summary>
internal sealed class ClosedStreams
{
    private const int Remembered = 64;

    // The number and, in the lowest two bits, how: made with the first, most connections have few.
    private readonly long[] _last = new long[Remembered];
    private int _next;

    public void Add(int id, StreamClosing closing) => _last[_next++ & (Remembered - 1)] = ((long)id << 2) | (long)closing;

    public StreamClosing Find(int id)
    {
        foreach (var entry in _last)
        {
            if (entry >> 2 == id)
            {
                return (StreamClosing)(entry & 3);
            }
        }

        return StreamClosing.Forgotten;
    }
}
