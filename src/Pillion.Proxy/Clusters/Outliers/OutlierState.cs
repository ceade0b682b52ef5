using Pillion.Proxy.Configuration;

namespace Pillion.Proxy.Clusters.Outliers;

/// <summary>
/// What is known of how one endpoint answers. All loops count in it; what follows from the counts is decided on one loop.
/// </summary>
internal sealed class OutlierState
{
    private const int NoProbe = 0;
    private const int ProbeDue = 1;
    private const int ProbeTaken = 2;

    private readonly int[] _inARow = new int[3];
    private Tally _external;
    private Tally _local;
    private int _probe;

    /// <summary>How often the time out is longer than the first time; goes down again while it behaves. The deciding loop's.</summary>
    public int Ejections { get; set; }

    /// <summary>Milliseconds of the deciding loop.</summary>
    public long EjectedAt { get; set; }

    /// <summary>What chance adds to its time out, in milliseconds.</summary>
    public long JitterMillis { get; set; }

    /// <summary>Looks of the deciding loop since its one request was sent.</summary>
    public int ProbeAge { get; set; }

    /// <summary>It has its one request, or waits for it.</summary>
    public bool IsProbed => Volatile.Read(ref _probe) != NoProbe;

    public bool IsProbeTaken => Volatile.Read(ref _probe) == ProbeTaken;

    /// <summary>Counts one more failure in a row; returns how many there are. Each number is returned once, whatever loops do.</summary>
    public int CountInARow(OutlierReason reason) => Interlocked.Increment(ref _inARow[(int)reason]);

    public void EndRow(OutlierReason reason)
    {
        // Nearly always it is zero, and then nothing is written to a line that all loops read.
        if (Volatile.Read(ref _inARow[(int)reason]) != 0)
        {
            Volatile.Write(ref _inARow[(int)reason], 0);
        }
    }

    public void CountExternal(bool isGood) => _external.Count(isGood);

    public void CountLocal(bool isGood) => _local.Count(isGood);

    public (int Total, int Good) TakeExternal() => _external.Take();

    public (int Total, int Good) TakeLocal() => _local.Take();

    public void OfferProbe()
    {
        ProbeAge = 0;
        Volatile.Write(ref _probe, ProbeDue);
    }

    /// <summary>True for exactly one request.</summary>
    public bool TryTakeProbe() => Interlocked.CompareExchange(ref _probe, ProbeTaken, ProbeDue) == ProbeDue;

    /// <summary>The one request told nothing: another may be sent.</summary>
    public void GiveProbeBack() => Interlocked.CompareExchange(ref _probe, ProbeDue, ProbeTaken);

    public void EndProbe() => Volatile.Write(ref _probe, NoProbe);
}
