namespace Pillion.Net.Detection;

/// <summary>
/// What a PROXY protocol header says of a connection that somebody passed on (the protocol's text: haproxy/doc/proxy-protocol.txt, 2020/03/05).
/// Whoever can send one can claim anything: only configured peers may.
/// </summary>
internal sealed record ProxyHeader
{
    /// <summary>1 or 2.</summary>
    public required int Version { get; init; }

    /// <summary>
    /// The addresses are those of the socket: a connection of the sender's own, such as a health check (LOCAL), or one whose addresses it does not
    /// know or that are none of TCP (UNKNOWN, UNSPEC, UDP, Unix).
    /// </summary>
    public required bool IsLocal { get; init; }

    /// <summary>Where the connection came from; nothing where <see cref="IsLocal"/>.</summary>
    public PeerAddress Source { get; init; }

    /// <summary>Where it was going; nothing where <see cref="IsLocal"/>.</summary>
    public PeerAddress Destination { get; init; }

    /// <summary>PP2_TYPE_AUTHORITY: the host name the client asked for; null where it is missing or no host name.</summary>
    public string? Authority { get; init; }

    /// <summary>PP2_TYPE_ALPN.</summary>
    public string? ApplicationProtocol { get; init; }

    /// <summary>The client's SPIFFE id in the type 0xD0, as ztunnel and Pillion send it.</summary>
    public string? Identity { get; init; }

    /// <summary>PP2_TYPE_SSL: what the sender knows of the client's TLS; null where the client used none.</summary>
    public ProxyHeaderTls? Tls { get; init; }
}
