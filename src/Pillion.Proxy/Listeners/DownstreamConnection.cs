using System.Runtime.CompilerServices;
using Pillion.Net.Loop;
using Pillion.Net.Sockets;

namespace Pillion.Proxy.Listeners;

/// <summary>A client's connection from its first byte to its last: what it is, which chain takes it, and then whatever serves it.</summary>
internal sealed class DownstreamConnection(ProxyLoop loop, BoundListener listener, Connection connection)
{
    private IServedConnection? _served;

    /// <summary>The listener whose connection it is.</summary>
    public BoundListener Listener => listener;

    /// <summary>Serves until the connection ends. Never throws.</summary>
    [AsyncMethodBuilder(typeof(PooledMethodBuilder))]
    public async ValueTask ServeAsync()
    {
        var current = listener.Current;
        var chain = new LiveChain(listener, current, current.Chains[0]);
        _served = new Http1Connection(loop, chain, connection);
        await _served.ServeAsync();
    }

    /// <summary>Closes the connection when it waits between requests; one that is being served closes behind its answer.</summary>
    public void CloseIfIdle()
    {
        if (_served is null)
        {
            connection.Close();
        }
        else
        {
            _served.CloseIfIdle();
        }
    }

    /// <summary>Closes the connection whatever it does: the grace period is over.</summary>
    public void CloseNow()
    {
        if (_served is null)
        {
            connection.Abort();
        }
        else
        {
            _served.CloseNow();
        }
    }
}
