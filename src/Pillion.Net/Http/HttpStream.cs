using Pillion.Net.Http.Http2;
using Pillion.Net.Memory;
using Pillion.Net.Sockets;
using Pillion.Net.Tls;

namespace Pillion.Net.Http;

/// <summary>
/// One exchange as one side of the proxy sees it, on any version of HTTP: a body to receive, a message to send. HTTP/1 has one such
/// stream per connection, used again and again; HTTP/2 has many. Time limits belong to whoever drives the exchange: it aborts the stream.
/// </summary>
internal abstract class HttpStream
{
    /// <summary>Trailer fields of the received message; complete when its body has ended.</summary>
    public FieldList Trailers => field ??= new FieldList();

    /// <summary>Body bytes are here already: the next <see cref="ReceiveBodyAsync"/> will not wait, so what was written need not be flushed yet.</summary>
    public abstract bool HasBufferedBody { get; }

    /// <summary>The received message is complete.</summary>
    public abstract bool IsBodyReceived { get; }

    /// <summary>The next part of the received body. A cancelled wait has lost nothing and may be repeated.</summary>
    public abstract ValueTask<BodyPart> ReceiveBodyAsync(CancellationToken cancellationToken = default);

    /// <summary>Sends body bytes. Exactly so many are consumed from the slab, even when sending fails half-way. Small ones may stay in the write buffer until <see cref="FlushAsync"/>.</summary>
    public abstract ValueTask<IoResult> SendBodyAsync(Slab slab, int count);

    /// <summary>
    /// Ends the message, with trailers where the framing has them. The last bytes leave by the end of the loop's turn; that they could not is
    /// learnt from the next operation.
    /// </summary>
    public abstract ValueTask<IoResult> FinishAsync(FieldList? trailers);

    /// <summary>Sends what is in the write buffer.</summary>
    public abstract ValueTask<IoResult> FlushAsync();

    /// <summary>From here on both directions carry bytes that are no HTTP (after 101, or CONNECT and 2xx); finishing closes the sending direction.</summary>
    public abstract void BeginTunnel();

    /// <summary>The code with which the peer ended this stream (HTTP/2 RST_STREAM or GOAWAY); null where it did not, and always over HTTP/1.</summary>
    public virtual Http2Error? PeerReset => null;

    /// <summary>Ends the stream at once; whatever waits on it completes with <see cref="IoError.Closed"/>.</summary>
    /// <param name="reset">The peer must see that the message was cut short.</param>
    /// <param name="code">What an HTTP/2 peer is told; null is INTERNAL_ERROR to a client and CANCEL to an upstream. HTTP/1 has no such word.</param>
    public abstract void Abort(bool reset, Http2Error? code = null);
}

/// <summary>Is told when the client of a request leaves while it is being served.</summary>
internal interface IClientWatcher
{
    /// <summary>The client closed its sending half (perhaps more), or the connection broke.</summary>
    void ClientLeft(bool isReset);
}

/// <summary>The stream of a request that we serve.</summary>
internal abstract class ServerStream : HttpStream
{
    /// <summary>The request being served; there is none while the stream waits for one.</summary>
    public abstract RequestHead Request { get; }

    public abstract PeerAddress Remote { get; }

    public abstract PeerAddress Local { get; }

    /// <summary>What the TLS handshake of the connection settled; null in the clear.</summary>
    public abstract TlsDetails? Tls { get; }

    /// <summary>Who to tell when the client leaves; null is nobody.</summary>
    public IClientWatcher? ClientWatcher { get; set; }

    /// <summary>Sends an informational answer (1xx other than 101).</summary>
    public abstract ValueTask<IoResult> SendInterimAsync(ResponseHead head);

    /// <summary>Puts the answer's head into the write buffer. False: it is larger than any buffer.</summary>
    /// <param name="close">The connection will carry no further request.</param>
    public abstract bool WriteHead(ResponseHead head, bool close);
}

/// <summary>The stream of a request that we send.</summary>
internal abstract class ClientStream : HttpStream
{
    /// <summary>The connection has carried a request before this one.</summary>
    public abstract bool IsReused { get; }

    /// <summary>The upstream said that it has not worked on this request at all (REFUSED_STREAM, or above the last stream of its GOAWAY; RFC 9113 §8.7): it may be sent again.</summary>
    public virtual bool WasRefused => false;

    /// <summary>At least one byte of the present request was handed to the system.</summary>
    public abstract bool SentAnything { get; }

    /// <summary>Puts the request's head into the write buffer. False: it is larger than any buffer.</summary>
    public abstract bool WriteHead(RequestHead head);

    /// <summary>Receives an answer's head; informational ones are received like any other.</summary>
    public abstract ValueTask<HeadResult> ReceiveHeadAsync(ResponseHead head, HttpMethod requestMethod, CancellationToken cancellationToken = default);
}
