using Pillion.Proxy.Clusters.Balancing;

namespace Pillion.Proxy.Clusters;

/// <summary>Endpoints among which a balancer chooses: immutable, published by one reference write, read once per pick.</summary>
internal sealed class EndpointSet
{
    public static readonly EndpointSet Empty = new([]);

    private readonly Endpoint[] _endpoints;
    private readonly double[] _weights;
    private readonly SlowStart? _slowStart;
    private readonly long _warmAt;
    private EndpointTable? _table;

    /// <param name="weights">Where an endpoint's own weight is not all that counts.</param>
    /// <param name="slowStart">Null: a new endpoint has its whole weight at once.</param>
    public EndpointSet(IEnumerable<Endpoint> endpoints, double[]? weights = null, SlowStart? slowStart = null)
    {
        _endpoints = [.. endpoints];
        _weights = weights ?? [.. _endpoints.Select(endpoint => (double)endpoint.Weight)];
        HasEqualWeights = _weights.All(weight => weight == _weights[0]);
        TotalWeight = _weights.Sum();
        _slowStart = slowStart;
        _warmAt = slowStart is null || _endpoints.Length < 2 ? 0 : _endpoints.Max(slowStart.WarmAt);
    }

    public int Count => _endpoints.Length;

    public bool IsEmpty => _endpoints.Length == 0;

    public bool HasEqualWeights { get; }

    public double TotalWeight { get; }

    /// <summary>Which of a cluster's sets it is, from one publication to the next: what a balancer remembers of one is of no use for another.</summary>
    public int Slot { get; init; }

    /// <summary>All endpoints of the priority with their weights, failing ones too: what a ring is sized by, so that the points of the others stay when one fails.</summary>
    public EndpointSet? Whole { get; init; }

    /// <summary>By which a hash finds its endpoint; made before the set is published, and shared by all loops.</summary>
    public EndpointTable? Table
    {
        get => Volatile.Read(ref _table);
        set => Volatile.Write(ref _table, value);
    }

    public Endpoint this[int index] => _endpoints[index];

    public ReadOnlySpan<Endpoint> AsSpan() => _endpoints;

    /// <summary>One of them at least has not its whole weight yet.</summary>
    public bool IsWarming(long now) => now < _warmAt;

    /// <summary>The weight of one without regard to slow start.</summary>
    public double Weight(int index) => _weights[index];

    public double Weight(int index, long now) => now < _warmAt ? _weights[index] * _slowStart!.Factor(_endpoints[index], now) : _weights[index];

    /// <summary>One drawn by chance in proportion to the weights.</summary>
    /// <param name="avoidTried">At least one was not tried, and it must be one of those.</param>
    /// <param name="but">Not this one; -1 is any.</param>
    public int Draw(in PickContext context, bool avoidTried, int but = -1)
    {
        if (HasEqualWeights && !avoidTried && but < 0 && !IsWarming(context.Now))
        {
            return context.Random.Next(_endpoints.Length);
        }

        var total = 0.0;
        for (var i = 0; i < _endpoints.Length; i++)
        {
            total += i == but || (avoidTried && context.HasTried(_endpoints[i])) ? 0 : Weight(i, context.Now);
        }

        var drawn = context.Random.NextDouble() * total;
        var last = -1;
        for (var i = 0; i < _endpoints.Length; i++)
        {
            if (i == but || (avoidTried && context.HasTried(_endpoints[i])))
            {
                continue;
            }

            last = i;
            drawn -= Weight(i, context.Now);
            if (drawn < 0)
            {
                break;
            }
        }

        // Rounding may let the draw end behind the last one.
        return last;
    }
}
