using System.Net;
using Microsoft.Extensions.Logging;
using Pillion.Core.Signals.Metrics;
using Pillion.Proxy.Clusters.Dns;
using Pillion.Proxy.Configuration;

namespace Pillion.Proxy.Clusters;

/// <summary>
/// The live endpoints of one cluster: loops read <see cref="Current"/>, DNS publishes into it. A cluster whose configuration changed begins with the
/// addresses its predecessor had for the same names, so that a reload need not resolve before it can serve.
/// </summary>
internal sealed partial class ClusterEndpoints
{
    // Logical DNS remembers so many former addresses per name: an answer that rotates back finds its endpoint, with its pools, again.
    private const int RememberedAddresses = 32;

    private readonly Lock _lock = new();
    private readonly ClusterMetrics _metrics;
    private readonly List<Endpoint>[] _known;
    private readonly Endpoint[][] _used;
    private readonly TaskCompletionSource _firstAnswers = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _stop = new();
    private EndpointSet _all;
    private EndpointSet _current;
    private int _unanswered;

    public ClusterEndpoints(ClusterConfig config, ClusterMetrics metrics, ClusterEndpoints? predecessor = null)
    {
        Config = config;
        _metrics = metrics;
        var count = config.Endpoints.Count;
        _known = new List<Endpoint>[count];
        _used = new Endpoint[count][];
        var names = new List<ResolvedName>();
        for (var i = 0; i < count; i++)
        {
            var endpoint = config.Endpoints[i];
            if (endpoint.Address.ToEndPoint() is { } fixedAddress)
            {
                _used[i] = [new Endpoint(endpoint.Address, fixedAddress, endpoint.Weight)];
            }
            else
            {
                names.Add(new ResolvedName(endpoint.Address.Host, i));

                // Endpoints of its own, not the predecessor's objects: those are removed by a lookup that the predecessor may still have under way.
                _used[i] = [.. predecessor?.AddressesOf(endpoint).Select(old => new Endpoint(endpoint.Address, old, endpoint.Weight)) ?? []];
            }

            _known[i] = [.. _used[i]];
        }

        Names = names;
        _unanswered = names.Count;
        _all = Union();
        _current = Usable(_all);
        CountMembers();
        if (names.Count == 0)
        {
            _firstAnswers.SetResult();
        }
    }

    public ClusterConfig Config { get; }

    public string Name => Config.Name;

    /// <summary>Those that requests may be sent to. Read once per pick; never null.</summary>
    public EndpointSet Current => Volatile.Read(ref _current);

    /// <summary>Every endpoint there is, failing ones too.</summary>
    public EndpointSet All => Volatile.Read(ref _all);

    /// <summary>The names that DNS must resolve, with the state of each; empty for a cluster of addresses.</summary>
    public IReadOnlyList<ResolvedName> Names { get; }

    /// <summary>Why the newest lookup of a name failed; null when none did.</summary>
    public string? LookupError => Names.Select(name => name.State.Error).FirstOrDefault(error => error is not null);

    /// <summary>Done when every name was looked up once, found or not; a cluster of addresses is done at once. Part of readiness.</summary>
    public Task FirstAnswers => _firstAnswers.Task;

    /// <summary>Done when the lookups have ended after <see cref="Stop"/>.</summary>
    public Task Completion { get; private set; } = Task.CompletedTask;

    /// <summary>Makes a cluster's endpoints and begins to resolve its names, off the loops.</summary>
    public static ClusterEndpoints Start(
        ClusterConfig config, INameResolver resolver, TimeProvider time, ClusterMetrics metrics, ILogger logger, ClusterEndpoints? predecessor = null)
    {
        var endpoints = new ClusterEndpoints(config, metrics, predecessor);

        // Task.Run leaves the caller's synchronisation context, which may be a loop's.
        endpoints.Completion = Task.WhenAll(endpoints.Names
            .Select(name => new DnsRefresh(endpoints, name, resolver, time, new Random(), metrics, report => Log(logger, report)))
            .Select(refresh => Task.Run(() => refresh.RunAsync(endpoints._stop.Token), CancellationToken.None)));
        return endpoints;
    }

    /// <summary>Ends the lookups of a cluster that was retired; what it has stays published.</summary>
    public void Stop() => _stop.Cancel();

    /// <summary>Takes a new answer for one name; true when the endpoints changed and a new set was published.</summary>
    public bool Update(ResolvedName name, ReadOnlySpan<IPAddress> addresses)
    {
        lock (_lock)
        {
            return UpdateUnderLock(name, addresses);
        }
    }

    /// <summary>An endpoint was found to serve, or not to: publishes those that may be used.</summary>
    public void HealthChanged()
    {
        lock (_lock)
        {
            Volatile.Write(ref _current, Usable(_all));
            CountMembers();
        }
    }

    /// <summary>Says that a name was looked up once; the answer, if any, has been taken.</summary>
    public void CountFirstAnswer()
    {
        if (Interlocked.Decrement(ref _unanswered) == 0)
        {
            _firstAnswers.SetResult();
        }
    }

    private bool UpdateUnderLock(ResolvedName name, ReadOnlySpan<IPAddress> addresses)
    {
        var config = Config.Endpoints[name.Index];
        if (Config.Discovery == ClusterDiscovery.LogicalDns && addresses.Length > 1)
        {
            addresses = addresses[..1];
        }

        var known = _known[name.Index];
        var next = new List<Endpoint>();
        foreach (var address in addresses)
        {
            var socketAddress = new IPEndPoint(address, config.Address.Port);
            if (!next.Exists(endpoint => endpoint.SocketAddress.Equals(socketAddress)))
            {
                next.Add(known.Find(endpoint => endpoint.SocketAddress.Equals(socketAddress)) ?? new Endpoint(config.Address, socketAddress, config.Weight));
            }
        }

        // Servers rotate their answers; the same addresses in another order are no change, and those that stay keep their order.
        var old = _used[name.Index];
        Endpoint[] used = [.. old.Where(next.Contains), .. next.Where(endpoint => !old.Contains(endpoint))];
        if (used.AsSpan().SequenceEqual(old))
        {
            return false;
        }

        _used[name.Index] = used;
        Remember(known, next);
        var before = _all;
        var after = Union();
        foreach (var endpoint in after.AsSpan())
        {
            endpoint.IsRemoved = false;
        }

        Volatile.Write(ref _all, after);
        Volatile.Write(ref _current, Usable(after));
        foreach (var endpoint in before.AsSpan())
        {
            endpoint.IsRemoved = !after.AsSpan().Contains(endpoint);
        }

        CountMembers();
        return true;
    }

    private void Remember(List<Endpoint> known, List<Endpoint> next)
    {
        if (Config.Discovery != ClusterDiscovery.LogicalDns)
        {
            known.Clear();
        }

        known.RemoveAll(next.Contains);
        known.AddRange(next);
        if (known.Count > RememberedAddresses)
        {
            known.RemoveRange(0, known.Count - RememberedAddresses);
        }
    }

    // Two names with the same address are one endpoint, that of the first.
    private EndpointSet Union() => new(_used.SelectMany(endpoints => endpoints).DistinctBy(endpoint => endpoint.SocketAddress));

    private void CountMembers()
    {
        Volatile.Write(ref _metrics.EndpointsTotal, _all.Count);
        Volatile.Write(ref _metrics.EndpointsHealthy, _all.AsSpan().ToArray().Count(endpoint => endpoint is { IsUnhealthy: false, IsEjected: false }));
    }

    // Envoy's panic: with less than half of them healthy, more likely the checks are wrong than the endpoints, and the rest would be overrun.
    private static EndpointSet Usable(EndpointSet all)
    {
        var healthy = all.AsSpan().ToArray().Where(endpoint => endpoint is { IsUnhealthy: false, IsEjected: false }).ToArray();
        return healthy.Length == all.Count || healthy.Length * 2 < all.Count ? all : new EndpointSet(healthy);
    }

    private List<EndPoint> AddressesOf(EndpointConfig endpoint)
    {
        lock (_lock)
        {
            var index = Config.Endpoints.Select(mine => mine.Address).ToList().IndexOf(endpoint.Address);
            return index < 0 ? [] : [.. _used[index].Select(used => used.SocketAddress)];
        }
    }

    private static void Log(ILogger logger, ResolutionReport report)
    {
        switch (report.Event)
        {
            case ResolutionEvent.Failed:
                LogFailed(logger, report.Cluster, report.Name, report.Detail);
                break;
            case ResolutionEvent.Recovered:
                LogRecovered(logger, report.Cluster, report.Name, report.Detail);
                break;
            default:
                LogChanged(logger, report.Cluster, report.Name, report.Detail);
                break;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "cluster {Cluster}: {Name} cannot be resolved: {Error}; the last answer, if any, stays in use")]
    private static partial void LogFailed(ILogger logger, string cluster, string name, string error);

    [LoggerMessage(Level = LogLevel.Information, Message = "cluster {Cluster}: {Name} is resolved again: {Addresses}")]
    private static partial void LogRecovered(ILogger logger, string cluster, string name, string addresses);

    [LoggerMessage(Level = LogLevel.Information, Message = "cluster {Cluster}: {Name} is now {Addresses}")]
    private static partial void LogChanged(ILogger logger, string cluster, string name, string addresses);
}
