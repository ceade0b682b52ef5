using Pillion.Net.Sockets;

namespace Pillion.Net.Http.Http2;

/// <summary>Whoever keeps connections to upstreams; called on the loop.</summary>
internal interface IHttp2Upstream
{
    /// <summary>A stream was given back: another may be opened, if the connection still takes any.</summary>
    void StreamReleased(Http2ClientConnection connection);

    /// <summary>No further stream can be opened; those that are open go on. Told once.</summary>
    void GoingAway(Http2ClientConnection connection);

    /// <summary>The connection is over; its streams have been told. Told once, last.</summary>
    /// <param name="error"><see cref="IoError.None"/> when it ended in order.</param>
    void Closed(Http2ClientConnection connection, IoError error);
}
