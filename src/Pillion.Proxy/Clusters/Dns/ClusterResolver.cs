namespace Pillion.Proxy.Clusters.Dns;

/// <summary>Keeps the names of all clusters resolved: one task per name, off the loops. Used from one thread, that of the role.</summary>
internal sealed class ClusterResolver(INameResolver resolver, TimeProvider time, Random random, Action<ResolutionReport> report) : IAsyncDisposable
{
    private readonly Dictionary<ClusterEndpoints, (CancellationTokenSource Stop, Task Running)> _running = [];

    /// <summary>Begins to resolve a cluster's names; <see cref="ClusterEndpoints.FirstAnswers"/> tells when each was asked for once.</summary>
    public void Start(ClusterEndpoints cluster)
    {
        if (cluster.Names.Count == 0 || _running.ContainsKey(cluster))
        {
            return;
        }

        var stop = new CancellationTokenSource();
        var refreshes = cluster.Names
            .Select(name => new DnsRefresh(cluster, name, resolver, time, new Random(random.Next()), report))
            .ToList();

        // Task.Run leaves the caller's synchronisation context, which may be a loop's.
        var running = Task.WhenAll(refreshes.Select(refresh => Task.Run(() => refresh.RunAsync(stop.Token), CancellationToken.None)));
        _running.Add(cluster, (stop, running));
    }

    /// <summary>Ends the lookups of a cluster that was retired; what it has stays published.</summary>
    public async ValueTask StopAsync(ClusterEndpoints cluster)
    {
        if (_running.Remove(cluster, out var entry))
        {
            await entry.Stop.CancelAsync();
            await entry.Running;
            entry.Stop.Dispose();
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var cluster in _running.Keys.ToList())
        {
            await StopAsync(cluster);
        }
    }
}
