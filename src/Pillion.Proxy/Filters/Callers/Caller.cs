using Pillion.Net.Tls;

namespace Pillion.Proxy.Filters.Callers;

/// <summary>
/// Who makes a request, as far as it was proved: by the handshake, and by each filter that has verified a credential. Nothing that a client merely
/// says of itself is ever here. One object per exchange, cleared for each request.
/// </summary>
internal sealed class Caller
{
    private TlsDetails? _tls;

    /// <summary>The SPIFFE id of the peer by mutual TLS; null where it proved none.</summary>
    public string? Identity => _tls?.PeerIdentity;

    /// <summary>The certificate that the peer proved to hold, of whatever authority the listener trusts; null where it showed none.</summary>
    public PeerCertificate? Certificate => _tls?.Peer;

    /// <summary>The user whose password was right (basic authentication).</summary>
    public string? User { get; set; }

    /// <summary>The client that an API key belongs to.</summary>
    public string? Client { get; set; }

    /// <summary>Those of the token that was verified.</summary>
    public IClaims? Claims { get; set; }

    public void Begin(TlsDetails? tls)
    {
        _tls = tls;
        User = Client = null;
        Claims = null;
    }
}
