namespace Pillion.Net.Http.Http2;

/// <summary>Whoever serves the requests of a connection.</summary>
internal interface IHttp2Requests
{
    /// <summary>
    /// A request's head is here; look at <see cref="Http2ServerStream.Violation"/> first. Called on the loop, from the reading of the connection:
    /// begins to serve and returns soon. <see cref="Http2ServerStream.Complete"/> ends it.
    /// </summary>
    void RequestArrived(Http2ServerStream stream);
}
