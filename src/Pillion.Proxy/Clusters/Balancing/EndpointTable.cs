namespace Pillion.Proxy.Clusters.Balancing;

/// <summary>Says for every hash which endpoint of a set it belongs to; immutable, built once per published set.</summary>
internal abstract class EndpointTable
{
    /// <summary>The endpoint's index in the set.</summary>
    public abstract int Find(ulong hash);

    /// <summary>How many places each endpoint of the set has: the part of all keys that is its own.</summary>
    public abstract int[] CountPlaces(int endpoints);
}
