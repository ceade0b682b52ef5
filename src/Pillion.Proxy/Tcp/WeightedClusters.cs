namespace Pillion.Proxy.Tcp;

/// <summary>One of several clusters for each connection, drawn by chance in proportion to its weight; a weight of zero is never drawn.</summary>
/// <typeparam name="T">What stands for a cluster: its name, or the cluster itself.</typeparam>
internal sealed class WeightedClusters<T>
{
    private readonly T[] _clusters;

    // The sum of the weights up to and with each cluster: a draw belongs to the first whose sum is above it.
    private readonly long[] _sums;

    public WeightedClusters(IEnumerable<(T Cluster, uint Weight)> clusters)
    {
        var drawn = clusters.Where(cluster => cluster.Weight > 0).ToArray();
        if (drawn.Length == 0)
        {
            throw new ArgumentException("no cluster has a weight above zero", nameof(clusters));
        }

        _clusters = Array.ConvertAll(drawn, cluster => cluster.Cluster);
        _sums = new long[drawn.Length];
        var sum = 0L;
        for (var i = 0; i < drawn.Length; i++)
        {
            _sums[i] = sum += drawn[i].Weight;
        }
    }

    public T Pick(Random random) => _clusters.Length == 1 ? _clusters[0] : Find(random.NextInt64(_sums[^1]));

    /// <summary>By a number instead of chance: the same number, the same cluster.</summary>
    public T PickAt(ulong number) => Find((long)(number % (ulong)_sums[^1]));

    /// <summary>By a number of all 64 bits, as the share that it is of the largest: who has a place keeps it when all weights grow alike.</summary>
    public T PickShare(ulong number) => Find((long)Math.BigMul(number, (ulong)_sums[^1], out _));

    private T Find(long drawn)
    {
        var at = Array.BinarySearch(_sums, drawn);
        return _clusters[at < 0 ? ~at : at + 1];
    }
}
