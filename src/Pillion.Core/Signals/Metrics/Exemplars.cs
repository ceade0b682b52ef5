using Pillion.Core.Signals.Tracing;

namespace Pillion.Core.Signals.Metrics;

/// <summary>One sampled request as an example of what a bucket counts.</summary>
internal readonly record struct Exemplar(ulong High, ulong Low, ulong Span, long Micros, long UtcTicks)
{
    public bool Exists => UtcTicks != 0;
}

/// <summary>The newest exemplar of each bucket. Written by one thread, read by any: a version on either side of a place tells a reader that it read half of one.</summary>
internal sealed class Exemplars(int buckets)
{
    private readonly Place[] _places = new Place[buckets];

    public void Set(int bucket, long micros, in TracePosition trace, long utcTicks)
    {
        ref var place = ref _places[bucket];
        Volatile.Write(ref place.Version, place.Version + 1);
        Volatile.WriteBarrier();
        place.Exemplar = new(trace.High, trace.Low, trace.Span, micros, utcTicks);
        Volatile.Write(ref place.Version, place.Version + 1);
    }

    /// <summary>The bucket's exemplar where it is newer than this one.</summary>
    public Exemplar Newer(int bucket, in Exemplar than)
    {
        ref var place = ref _places[bucket];
        for (var attempt = 0; attempt < 4; attempt++)
        {
            var version = Volatile.Read(ref place.Version);
            var exemplar = place.Exemplar;
            Volatile.ReadBarrier();
            if ((version & 1) == 0 && Volatile.Read(ref place.Version) == version)
            {
                return exemplar.UtcTicks > than.UtcTicks ? exemplar : than;
            }
        }

        return than;
    }

    private struct Place
    {
        public int Version;
        public Exemplar Exemplar;
    }
}
