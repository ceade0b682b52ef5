namespace Pillion.Net.Tls.OpenSsl;

/// <summary>The place of one connection's server among the sessions of its context.</summary>
internal sealed class SessionSlot(SessionCache cache, string key)
{
    private PeerCertificate? _server;

    /// <summary>The server gave a session; its reference goes to the cache.</summary>
    public bool Keep(nint session)
    {
        // TLS 1.2 gives it within the handshake, 1.3 after it.
        cache.Keep(key, new ClientSession(session, SslEngine.Current.Negotiation?.Peer ?? _server));
        return true;
    }

    /// <summary>Whose the tickets that come later are. A session of TLS 1.2 serves many connections, and a new one comes only when the server wants it so.</summary>
    public void Established(nint ssl, PeerCertificate? server)
    {
        _server = server;
        if (LibSsl.Version(ssl) == (int)TlsVersions.Tls12 && LibSsl.IsResumed(ssl) == 1 && !cache.Has(key) && LibSsl.SharedSession(ssl) is not 0 and var session)
        {
            cache.Keep(key, new ClientSession(session, server));
        }
    }

    /// <summary>Offers what the server gave before. RFC 8446 §C.4: a ticket is used once; so it does not come back but with a new one.</summary>
    public void Offer(nint ssl, Negotiation negotiation)
    {
        using var session = cache.Take(key);
        if (session?.MayBeResumed(negotiation.Now) == true && LibSsl.SetSession(ssl, session.Value) == 1)
        {
            negotiation.Offered = session.Server;
        }
    }
}
