using Microsoft.Extensions.Logging;
using Pillion.Core.Configuration;
using Pillion.Core.Resilience;
using Pillion.Proxy.Configuration;

namespace Pillion.Proxy.Upstreams.Circuits;

/// <summary>
/// The requests of all loops that wait for a connection of one cluster and priority. Each waits on its own loop, in the pool of its endpoint; here is counted
/// how many there are, and told to every loop when a connection has ended. When the queue has not moved for the time that one may wait in it, nobody
/// is let in any more until a connection becomes free (Linkerd: fail-fast): to wait for what does not come helps nobody.
/// </summary>
internal sealed partial class ConnectionQueue
{
    private readonly string _cluster;
    private readonly CircuitLimits _limits;
    private readonly ILogger _logger;
    private readonly SourceLine _source;
    private readonly List<UpstreamPool> _pools = [];
    private int _count;
    private long _served;

    public ConnectionQueue(string cluster, CircuitBreakerConfig config, CircuitLimits limits, ILogger logger)
    {
        _cluster = cluster;
        _limits = limits;
        _logger = logger;
        Timeout = config.QueueTimeout;
        _source = config.QueueSource;
    }

    /// <summary>Zero is no limit of its own.</summary>
    public TimeSpan Timeout { get; }

    public int Count => Volatile.Read(ref _count);

    public bool IsFailingFast => _limits.IsFailingFast;

    /// <summary>Requests that waited and got a connection: who waits remembers it, to know afterwards whether the queue has moved.</summary>
    public long Served => Interlocked.Read(ref _served);

    /// <summary>The failure of a request that waited for too long.</summary>
    public Failure TimedOut(CircuitLimit reached) => Failed($"it waited for queue_timeout, {Words(Timeout)} ({_source})", reached);

    /// <summary>The failure of a request that is not let in.</summary>
    public Failure FailingFast(CircuitLimit reached) => Failed($"nobody got a connection within queue_timeout, {Words(Timeout)} ({_source}), so nobody else waits", reached);

    /// <summary>The pool of one loop. While the cluster is made.</summary>
    public void Add(UpstreamPool pool) => _pools.Add(pool);

    /// <summary>Counted before the limit is looked at for the last time: whoever gives a connection back after that look sees it and wakes us.</summary>
    public void Enter() => Interlocked.Increment(ref _count);

    public void Leave() => Interlocked.Decrement(ref _count);

    public void ServedOne() => Interlocked.Increment(ref _served);

    /// <summary>A request has waited for the whole time.</summary>
    /// <param name="served">What <see cref="Served"/> was when it began to.</param>
    public void WaitedInVain(long served)
    {
        if (served == Served && !_limits.IsFailingFast)
        {
            _limits.IsFailingFast = true;
            LogFailingFast(_logger, _cluster, Words(Timeout), Count);
        }
    }

    /// <summary>A connection may be made, or is free: the first of each endpoint's queue looks again.</summary>
    public void Freed()
    {
        EndFailFast();
        if (Count > 0)
        {
            foreach (var pool in _pools)
            {
                pool.WakeWaiting(this);
            }
        }
    }

    public void EndFailFast()
    {
        if (_limits.IsFailingFast)
        {
            _limits.IsFailingFast = false;
            LogMoves(_logger, _cluster);
        }
    }

    /// <summary>Idle connections, to whichever endpoint and on whichever loop, make room for somebody who waits for another one.</summary>
    public void AskForIdle(UpstreamPool own, CircuitBreaker breaker)
    {
        if (own.CloseOneIdle(breaker))
        {
            return;
        }

        foreach (var pool in _pools)
        {
            if (pool != own)
            {
                pool.AskForIdle(breaker);
            }
        }
    }

    private static Failure Failed(string what, CircuitLimit reached) => new(FailureSide.Local, FailureKind.Overflow, Cause: $"{reached.Reached.Cause}; {what}");

    private static string Words(TimeSpan time) => time.TotalMilliseconds % 1000 == 0 ? $"{time.TotalSeconds:0}s" : $"{time.TotalMilliseconds:0}ms";

    [LoggerMessage(Level = LogLevel.Warning, Message = "cluster {Cluster}: nobody got a connection for {Time} and {Count} requests wait; further ones are refused at once until a connection becomes free")]
    private static partial void LogFailingFast(ILogger logger, string cluster, string time, int count);

    [LoggerMessage(Level = LogLevel.Information, Message = "cluster {Cluster}: a connection became free and requests are let into the queue again")]
    private static partial void LogMoves(ILogger logger, string cluster);
}
