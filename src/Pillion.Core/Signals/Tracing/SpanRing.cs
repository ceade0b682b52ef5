namespace Pillion.Core.Signals.Tracing;

/// <summary>
/// Sampled requests on their way from one loop to the exporter: one producer and one consumer, each of which moves its own end only. The places are
/// made as they are first reached and used again, so that a busy ring costs no allocation. What finds no room is the caller's to count.
/// </summary>
internal sealed class SpanRing(int capacity)
{
    private readonly SpanRecord?[] _places = new SpanRecord?[capacity];
    private long _added;
    private long _taken;

    public int Capacity => _places.Length;

    /// <summary>Records that wait.</summary>
    public int Waiting => (int)(Volatile.Read(ref _added) - Volatile.Read(ref _taken));

    /// <summary>Producer: the place to fill next, told by <see cref="Publish"/>; null when there is none free.</summary>
    public SpanRecord? Next() => Waiting == _places.Length ? null : _places[(int)(_added % _places.Length)] ??= new SpanRecord();

    /// <summary>Producer: the place is filled. Last, so that the consumer never sees half a record.</summary>
    public void Publish() => Volatile.Write(ref _added, _added + 1);

    /// <summary>Consumer: the oldest, valid until <see cref="Take"/>; null when nothing waits.</summary>
    public SpanRecord? Peek() => Volatile.Read(ref _added) == _taken ? null : _places[(int)(_taken % _places.Length)];

    public void Take() => Volatile.Write(ref _taken, _taken + 1);
}
