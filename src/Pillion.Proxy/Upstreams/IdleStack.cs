using System.Diagnostics.CodeAnalysis;

namespace Pillion.Proxy.Upstreams;

/// <summary>Idle connections, newest on top; linked through the connections, so that any of them leaves in O(1) when its peer closes it.</summary>
internal sealed class IdleStack
{
    private Http1Upstream? _newest;
    private Http1Upstream? _oldest;

    public int Count { get; private set; }

    public void Push(Http1Upstream connection)
    {
        connection.Older = _newest;
        connection.Newer = null;
        connection.IsIdle = true;
        if (_newest is null)
        {
            _oldest = connection;
        }
        else
        {
            _newest.Newer = connection;
        }

        _newest = connection;
        Count++;
    }

    public bool TryPop([NotNullWhen(true)] out Http1Upstream? connection)
    {
        connection = _newest;
        return connection is not null && Remove(connection);
    }

    public bool TryPeekOldest([NotNullWhen(true)] out Http1Upstream? connection)
    {
        connection = _oldest;
        return connection is not null;
    }

    /// <summary>False: it is not here.</summary>
    public bool Remove(Http1Upstream connection)
    {
        if (!connection.IsIdle)
        {
            return false;
        }

        connection.IsIdle = false;
        if (connection.Newer is null)
        {
            _newest = connection.Older;
        }
        else
        {
            connection.Newer.Older = connection.Older;
        }

        if (connection.Older is null)
        {
            _oldest = connection.Newer;
        }
        else
        {
            connection.Older.Newer = connection.Newer;
        }

        connection.Older = connection.Newer = null;
        Count--;
        return true;
    }
}
