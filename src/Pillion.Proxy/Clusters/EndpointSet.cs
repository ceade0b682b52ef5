namespace Pillion.Proxy.Clusters;

/// <summary>The endpoints of a cluster at one moment: immutable, published by one reference write, read once per pick.</summary>
internal sealed class EndpointSet
{
    public static readonly EndpointSet Empty = new([]);

    private readonly Endpoint[] _endpoints;

    public EndpointSet(IEnumerable<Endpoint> endpoints)
    {
        _endpoints = [.. endpoints];
        HasEqualWeights = _endpoints.All(endpoint => endpoint.Weight == _endpoints[0].Weight);
        TotalWeight = _endpoints.Sum(endpoint => (long)endpoint.Weight);
    }

    public int Count => _endpoints.Length;

    public bool IsEmpty => _endpoints.Length == 0;

    public bool HasEqualWeights { get; }

    public long TotalWeight { get; }

    public Endpoint this[int index] => _endpoints[index];

    public ReadOnlySpan<Endpoint> AsSpan() => _endpoints;
}
