using System.Net;
using Pillion.Net;
using Pillion.Proxy.Clusters.Dns;
using Pillion.Proxy.Configuration;

namespace Pillion.Proxy.Clusters;

/// <summary>
/// The live endpoints of one cluster: loops read <see cref="Current"/>, DNS publishes into it. A cluster whose configuration changed takes what it
/// still needs from its predecessor, so that a reload neither resolves anew before it can serve nor forgets who is busy.
/// </summary>
internal sealed class ClusterEndpoints
{
    // Logical DNS remembers so many former addresses per name: an answer that rotates back finds its endpoint, with its pools, again.
    private const int RememberedAddresses = 32;

    private readonly Lock _lock = new();
    private readonly List<Endpoint>[] _known;
    private readonly Endpoint[][] _used;
    private readonly TaskCompletionSource _firstAnswers = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private EndpointSet _current;
    private int _unanswered;

    public ClusterEndpoints(ClusterConfig config, ClusterEndpoints? predecessor = null)
    {
        Config = config;
        var count = config.Endpoints.Count;
        _known = new List<Endpoint>[count];
        _used = new Endpoint[count][];
        var names = new List<ResolvedName>();
        for (var i = 0; i < count; i++)
        {
            var endpoint = config.Endpoints[i];
            _known[i] = [];
            _used[i] = [];
            var old = predecessor?.Predecessors(endpoint) ?? [];
            if (endpoint.Address.ToEndPoint() is { } fixedAddress)
            {
                _used[i] = [old.Find(o => o.EndPoint.Equals(fixedAddress)) ?? new Endpoint(endpoint.Address, fixedAddress, endpoint.Weight)];
                continue;
            }

            names.Add(new ResolvedName(endpoint.Address.Host, i));
            _used[i] = [.. old];
            _known[i].AddRange(old);
        }

        Names = names;
        _unanswered = names.Count;
        _current = Union();
        if (names.Count == 0)
        {
            _firstAnswers.SetResult();
        }
    }

    public ClusterConfig Config { get; }

    public string Name => Config.Name;

    /// <summary>Read once per pick; never null.</summary>
    public EndpointSet Current => Volatile.Read(ref _current);

    /// <summary>The names that DNS must resolve, with the state of each; empty for a cluster of addresses.</summary>
    public IReadOnlyList<ResolvedName> Names { get; }

    /// <summary>Done when every name was looked up once, found or not; a cluster of addresses is done at once. Part of readiness.</summary>
    public Task FirstAnswers => _firstAnswers.Task;

    /// <summary>Takes a new answer for one name; true when the endpoints changed and a new set was published.</summary>
    public bool Update(ResolvedName name, ReadOnlySpan<IPAddress> addresses)
    {
        lock (_lock)
        {
            return UpdateUnderLock(name, addresses);
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
            var endPoint = new IPEndPoint(address, config.Address.Port);
            if (!next.Exists(endpoint => endpoint.EndPoint.Equals(endPoint)))
            {
                next.Add(known.Find(endpoint => endpoint.EndPoint.Equals(endPoint)) ?? new Endpoint(config.Address, endPoint, config.Weight));
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
        Volatile.Write(ref _current, Union());
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
    private EndpointSet Union() => new(_used.SelectMany(endpoints => endpoints).DistinctBy(endpoint => endpoint.EndPoint));

    private List<Endpoint> Predecessors(EndpointConfig endpoint)
    {
        lock (_lock)
        {
            for (var i = 0; i < _used.Length; i++)
            {
                if (Config.Endpoints[i].Address == endpoint.Address && Config.Endpoints[i].Weight == endpoint.Weight)
                {
                    return [.. _used[i]];
                }
            }

            return [];
        }
    }
}
