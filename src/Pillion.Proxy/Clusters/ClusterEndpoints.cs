using System.Net;
using Microsoft.Extensions.Logging;
using Pillion.Core.Signals.Metrics;
using Pillion.Proxy.Clusters.Dns;
using Pillion.Proxy.Clusters.Levels;
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
    private readonly PlanBuilder _plans;
    private readonly TimeProvider _time;
    private EndpointPlan _plan;
    private int _unanswered;
    private int _isBuilding;

    public ClusterEndpoints(ClusterConfig config, ClusterMetrics metrics, ClusterEndpoints? predecessor = null, TimeProvider? time = null)
    {
        Config = config;
        _time = time ?? TimeProvider.System;
        _plans = new PlanBuilder(config);
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
                _used[i] = [new Endpoint(endpoint, fixedAddress)];
            }
            else
            {
                names.Add(new ResolvedName(endpoint.Address.Host, i));

                // Endpoints of its own, not the predecessor's objects: those are removed by a lookup that the predecessor may still have under way.
                _used[i] = [.. predecessor?.AddressesOf(endpoint).Select(old => new Endpoint(endpoint, old)) ?? []];
            }

            _known[i] = [.. _used[i]];
        }

        Names = names;
        _unanswered = names.Count;
        var all = Union();
        Begin(all, predecessor);
        _plan = _plans.Build(all);
        CountMembers();
        if (names.Count == 0)
        {
            _firstAnswers.SetResult();
        }
    }

    public ClusterConfig Config { get; }

    public string Name => Config.Name;

    /// <summary>Those that requests may be sent to. Read once per pick; never null.</summary>
    public EndpointSet Current => Plan.Whole.Current;

    /// <summary>Every endpoint there is, failing ones too.</summary>
    public EndpointSet All => Plan.All;

    /// <summary>How requests are divided among the endpoints now. Read once per pick.</summary>
    public EndpointPlan Plan => Volatile.Read(ref _plan);

    /// <summary>Milliseconds on a clock that all loops share.</summary>
    public long Now => 1 + (long)_time.GetElapsedTime(0).TotalMilliseconds;

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
        var endpoints = new ClusterEndpoints(config, metrics, predecessor, time);

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
        if (!_plans.IsSlow)
        {
            Publish();
        }
        else if (Interlocked.Exchange(ref _isBuilding, 1) == 0)
        {
            // Rings and tables are not built on a loop. What changes meanwhile is seen: it is read behind the mark's removal.
            ThreadPool.UnsafeQueueUserWorkItem(
                static endpoints =>
                {
                    Interlocked.Exchange(ref endpoints._isBuilding, 0);
                    endpoints.Publish();
                },
                this,
                preferLocal: false);
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
                next.Add(known.Find(endpoint => endpoint.SocketAddress.Equals(socketAddress)) ?? new Endpoint(config, socketAddress));
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
        var before = _plan.All;
        var after = Union();
        foreach (var endpoint in after.AsSpan())
        {
            endpoint.IsRemoved = false;
        }

        PublishUnderLock(after);
        foreach (var endpoint in before.AsSpan())
        {
            endpoint.IsRemoved = !after.AsSpan().Contains(endpoint);
        }

        return true;
    }

    private void Publish()
    {
        lock (_lock)
        {
            PublishUnderLock(_plan.All);
        }
    }

    private void PublishUnderLock(EndpointSet all)
    {
        var now = Now;
        foreach (var endpoint in all.AsSpan())
        {
            // One that comes, or comes back, is new to its requests.
            var isUsable = endpoint.IsUsable;
            var isNew = isUsable && (!endpoint.WasUsable || !_plan.All.AsSpan().Contains(endpoint));
            endpoint.UsableSince = isNew && !_plan.All.IsEmpty ? now : endpoint.UsableSince;
            endpoint.WasUsable = isUsable;
        }

        Volatile.Write(ref _plan, _plans.Build(all));
        CountMembers();
    }

    // With a predecessor, those that it did not have are new; without one all are, and none is to be spared.
    private void Begin(EndpointSet all, ClusterEndpoints? predecessor)
    {
        if (predecessor is null || predecessor.All.IsEmpty)
        {
            return;
        }

        foreach (var endpoint in all.AsSpan())
        {
            endpoint.UsableSince = predecessor.Plan.Find(endpoint.Id) is { } old ? old.UsableSince : Now;
        }
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
        Volatile.Write(ref _metrics.EndpointsTotal, _plan.All.Count);
        Volatile.Write(ref _metrics.EndpointsHealthy, _plan.All.AsSpan().ToArray().Count(endpoint => endpoint.IsUsable));
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
