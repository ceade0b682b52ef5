using Pillion.Core.Signals.Metrics;
using Pillion.Net;
using Pillion.Proxy.Clusters;
using Pillion.Proxy.Clusters.Levels;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Configuration.Balancing;
using Pillion.Tests.Support;

namespace Pillion.Tests.Proxy.Clusters.Levels;

/// <summary>A cluster's endpoints without a proxy around them: picks are counted by what the endpoints are.</summary>
internal sealed class Plans
{
    private readonly Dictionary<int, IBalancer> _balancers = [];
    private readonly Random _random = new(11);

    public Plans(BalancingConfig balancing, string balancer = "random", params EndpointConfig[] endpoints)
    {
        Config = new ClusterConfig { Name = "c", Balancer = balancer, Balancing = balancing, Endpoints = new(endpoints) };
        Endpoints = new ClusterEndpoints(Config, new ClusterMetrics(), time: Clock);
    }

    public ManualTimeProvider Clock { get; } = new();

    public ClusterConfig Config { get; }

    public ClusterEndpoints Endpoints { get; }

    public ClusterMetrics Metrics { get; } = new();

    public Endpoint this[int index] => Endpoints.All[index];

    public static EndpointConfig Endpoint(int number, int priority = 0, string zone = "", int zoneWeight = 0, string labels = "", int weight = 1) => new()
    {
        Address = new Address($"10.0.{number / 250}.{(number % 250) + 1}", 80),
        Priority = priority,
        Locality = zone.Length == 0 ? Locality.Unknown : new(Zone: zone),
        LocalityWeight = zoneWeight,
        Labels = Labels(labels),
        Weight = weight,
    };

    public static LabelSet Labels(string text) =>
        new(text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(label => KeyValuePair.Create(label.Split('=')[0], label.Split('=')[1])));

    public void Fail(params int[] indexes)
    {
        foreach (var index in indexes)
        {
            this[index].IsUnhealthy = true;
        }

        Endpoints.HealthChanged();
    }

    public void Recover(int index)
    {
        this[index].IsUnhealthy = false;
        Endpoints.HealthChanged();
    }

    public Endpoint? Pick(LabelSet? labels = null, ulong? hash = null, params Endpoint[] tried)
    {
        var context = new PickContext(tried, _random) { Now = Endpoints.Now, Hash = hash ?? 0, HasHash = hash is not null };
        if (Endpoints.Plan.For(labels ?? LabelSet.None, Metrics)?.Choose(context, Metrics) is not { } set)
        {
            return null;
        }

        if (!_balancers.TryGetValue(set.Slot, out var balancer))
        {
            _balancers[set.Slot] = balancer = Balancers.Create(Config.Balancer, Config.Balancing);
        }

        return balancer.Pick(set, context);
    }

    /// <summary>The share of picks that went to each kind of endpoint.</summary>
    public Dictionary<string, double> Shares(Func<Endpoint, string> kind, int picks = 20_000, LabelSet? labels = null)
    {
        var counts = new Dictionary<string, int>();
        for (var i = 0; i < picks; i++)
        {
            var name = Pick(labels) is { } endpoint ? kind(endpoint) : "none";
            counts[name] = counts.GetValueOrDefault(name) + 1;
        }

        return counts.ToDictionary(count => count.Key, count => (double)count.Value / picks);
    }
}
