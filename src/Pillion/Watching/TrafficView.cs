namespace Pillion.Watching;

/// <summary>What <c>pillion top</c> counts requests by.</summary>
internal enum TrafficView
{
    Routes,
    Clusters,
    Peers,
}
