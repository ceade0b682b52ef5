using System.Collections.Concurrent;

namespace Pillion.Net.Tls.OpenSsl;

/// <summary>The newest session of each server that a client context has spoken to. A session is one loop's at a time: it is taken out to be used.</summary>
internal sealed class SessionCache
{
    // Endpoints of a mesh; beyond it new servers are not remembered, which costs a full handshake each.
    private const int Capacity = 1024;

    private readonly ConcurrentDictionary<string, ClientSession> _sessions = new(StringComparer.Ordinal);

    public int Count => _sessions.Count;

    public void Keep(string key, ClientSession session)
    {
        if (_sessions.TryRemove(key, out var older))
        {
            older.Dispose();
        }

        if (_sessions.Count >= Capacity || !_sessions.TryAdd(key, session))
        {
            session.Dispose();
        }
    }

    public bool Has(string key) => _sessions.ContainsKey(key);

    public ClientSession? Take(string key) => _sessions.TryRemove(key, out var session) ? session : null;
}
