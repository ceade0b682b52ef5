using Pillion.Net;

namespace Pillion.Proxy.Upstreams;

/// <summary>A client and what it connected to, as a PROXY header tells an upstream.</summary>
internal readonly record struct ProxiedClient(PeerAddress Source, PeerAddress Destination);

/// <summary>What else a connection belongs to besides its endpoint.</summary>
/// <param name="TlsGeneration">Which certificate and trust it was made under; they change as files rotate.</param>
/// <param name="Client">Whom its PROXY header names; nobody without one.</param>
internal readonly record struct DialedFor(int TlsGeneration, ProxiedClient Client);
