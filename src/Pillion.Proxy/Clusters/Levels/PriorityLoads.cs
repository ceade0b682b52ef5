namespace Pillion.Proxy.Clusters.Levels;

/// <summary>
/// How requests are divided among the priorities of a cluster, as Envoy divides them: a priority is used as far as its usable endpoints can bear it,
/// the next one takes the rest; where all together cannot bear it, each takes its part, and one with too few usable endpoints is used whole.
/// </summary>
/// <param name="Load">What each gets, in per cent; all together are 100.</param>
/// <param name="InPanic">It is used without regard to health.</param>
internal sealed record PriorityLoads(int[] Load, bool[] InPanic)
{
    /// <param name="overprovisioning">In per cent; 140 lets 72 of 100 endpoints bear the load of all.</param>
    /// <param name="panicPercent">0: never.</param>
    public static PriorityLoads Of(ReadOnlySpan<LevelHealth> levels, int overprovisioning, double panicPercent)
    {
        var load = new int[levels.Length];
        var inPanic = new bool[levels.Length];
        var capacities = new int[levels.Length];
        var total = 0;
        for (var i = 0; i < levels.Length; i++)
        {
            capacities[i] = levels[i].Total == 0 ? 0 : (int)Math.Min(100, (long)overprovisioning * levels[i].Usable / levels[i].Total);
            total = Math.Min(100, total + capacities[i]);
        }

        var all = levels.Length > 0 && total < 100;
        for (var i = 0; i < levels.Length; i++)
        {
            inPanic[i] = total < 100 && levels[i].Percent < panicPercent;
            all &= inPanic[i];
        }

        if (all)
        {
            ByNumber(levels, load);
        }
        else if (total > 0)
        {
            ByCapacity(capacities, total, load);
        }

        return new(load, inPanic);
    }

    // Rounded to the nearest, as in the tables of Envoy's documentation; its code cuts off, and gives what is then left to the first.
    private static void ByCapacity(int[] capacities, int total, int[] load)
    {
        var rest = 100;
        for (var i = 0; i < load.Length; i++)
        {
            load[i] = Math.Min(rest, ((200 * capacities[i]) + total) / (2 * total));
            rest -= load[i];
        }

        load[Array.FindIndex(capacities, capacity => capacity > 0)] += rest;
    }

    // With every priority in panic, health says nothing any more.
    private static void ByNumber(ReadOnlySpan<LevelHealth> levels, int[] load)
    {
        var count = 0L;
        foreach (var level in levels)
        {
            count += level.Total;
        }

        var rest = 100;
        for (var i = 0; i < load.Length && count > 0; i++)
        {
            load[i] = (int)(100L * levels[i].Total / count);
            rest -= load[i];
        }

        for (var i = 0; i < load.Length; i++)
        {
            if (levels[i].Total > 0)
            {
                load[i] += rest;
                return;
            }
        }
    }
}
