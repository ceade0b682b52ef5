namespace Pillion.Proxy.Clusters;

/// <summary>A way to choose an endpoint. One object per set of endpoints and loop: no lock, and it may remember.</summary>
internal interface IBalancer
{
    /// <summary>It wants to be told how attempts ended, by <see cref="Learn"/>.</summary>
    bool Learns => false;

    /// <summary>Requests with the same hash go to the same endpoint; it is not given parts of a priority, which would move them.</summary>
    bool GoesByHash => false;

    /// <summary>
    /// An endpoint, one that was not tried where there is one; null only when the set is empty. The caller counts the request on it
    /// (<see cref="Endpoint.RequestBegins"/>).
    /// </summary>
    Endpoint? Pick(EndpointSet set, in PickContext context);

    /// <summary>Makes ready what a set needs before it can be picked from; takes its time, and is done off the loops.</summary>
    void Prepare(EndpointSet set)
    {
    }

    /// <summary>An attempt has ended: after so many microseconds there was the head of an answer, or a failure.</summary>
    void Learn(Endpoint endpoint, long micros, bool isFailure, long now)
    {
    }
}
