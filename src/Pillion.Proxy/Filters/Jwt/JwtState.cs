using Pillion.Proxy.Filters.Jwt.Keys;

namespace Pillion.Proxy.Filters.Jwt;

/// <summary>The providers of one place of the file while they run; kept over a reload that leaves them as they are.</summary>
internal sealed class JwtState(JwtProvider[] providers) : ILiveFilterState, IDisposable
{
    public JwtProvider[] Providers => providers;

    public void Published(ProxyLoop loop, ProxySnapshot snapshot)
    {
        foreach (var provider in providers)
        {
            (provider.Keys as RemoteKeys)?.Published(loop, snapshot);
        }
    }

    public void Dispose()
    {
        foreach (var provider in providers)
        {
            (provider.Keys as RemoteKeys)?.Dispose();
        }
    }
}
