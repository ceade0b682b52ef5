namespace Pillion.Proxy.Clusters;

/// <summary>A way to choose an endpoint. One object per cluster and loop: no lock, and it may remember.</summary>
internal interface IBalancer
{
    /// <summary>
    /// An endpoint, one that was not tried where there is one; null only when the set is empty. The caller counts the request on it
    /// (<see cref="Endpoint.RequestBegins"/>).
    /// </summary>
    Endpoint? Pick(EndpointSet set, in PickContext context);
}
