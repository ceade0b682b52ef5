namespace Pillion.Net.Tls.OpenSsl;

/// <summary>The place of one connection's server among the sessions of its context.</summary>
internal sealed class SessionSlot(SessionCache cache, string key)
{
    /// <summary>The server gave a session; its reference goes to the cache.</summary>
    public bool Keep(nint session)
    {
        cache.Keep(key, new ClientSession(session));
        return true;
    }

    /// <summary>A session of TLS 1.2 serves many connections, and a new one comes only when the server wants it so.</summary>
    public void KeepResumed(nint ssl)
    {
        if (LibSsl.Version(ssl) == (int)TlsVersions.Tls12 && LibSsl.IsResumed(ssl) == 1 && !cache.Has(key) && LibSsl.SharedSession(ssl) is not 0 and var session)
        {
            Keep(session);
        }
    }

    /// <summary>Offers what the server gave before. RFC 8446 §C.4: a ticket is used once; so it does not come back but with a new one.</summary>
    public void Offer(nint ssl, DateTimeOffset now)
    {
        using var session = cache.Take(key);
        if (session?.MayBeResumed(now) == true)
        {
            LibSsl.SetSession(ssl, session.Value);
        }
    }
}
