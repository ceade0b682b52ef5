using System.Collections.Frozen;
using System.Net;
using Microsoft.Extensions.Logging;
using Pillion.Core.Identity;
using Pillion.Core.Identity.Secrets;
using Pillion.Core.Lifecycle;
using Pillion.Core.Signals.AccessLog;
using Pillion.Core.Signals.Metrics;
using Pillion.Core.Signals.Records;
using Pillion.Net.Loop;
using Pillion.Net.Sockets;
using Pillion.Proxy.Clusters;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Listeners;
using Pillion.Proxy.Telemetry;
using Pillion.Proxy.Upstreams;

namespace Pillion.Proxy;

/// <summary>The proxy: prepares a configuration beside the running one, commits it with one reference write, and drains what is left over.</summary>
internal sealed partial class ProxyRole : IRole<ProxyConfig>
{
    private static readonly TimeSpan AcceptFailurePause = TimeSpan.FromMinutes(1);

    private readonly ProxyLoop[] _loops;
    private readonly Network _network;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly List<(BoundListener Bound, ListenerSnapshot Snapshot)> _removed = [];
    private readonly Lock _lock = new();
    private readonly ToldRefusals _refusals;
    private long _acceptFailureTold;
    private volatile ProxySnapshot _live = ProxySnapshot.Empty;
    private SecretSet? _secrets;
    private volatile DrainStage _stage;
    private volatile OwnAddresses _ownAddresses = OwnAddresses.None;

    public ProxyRole(ProxyContext context)
    {
        Context = context;
        _network = context.Network;
        _logger = context.Logger;
        _time = context.Time;
        _refusals = new ToldRefusals(context.Time);
        Exporters = new Exporters(this);
        Instance = $"{(uint)Environment.ProcessId ^ (uint)context.Random.Next():x8}";
        _loops = [.. context.Loops.Select(loop => new ProxyLoop(this, loop, _network, new Random(context.Random.Next()), context.Loops.Count))];
        foreach (var loop in _loops)
        {
            loop.Events.Unhandled = Unhandled;
            context.Records.Add(loop.Records, loop.Events.Post);
        }
    }

    private enum DrainStage
    {
        None,
        LameDuck,
        Draining,
        Stopped,
    }

    public string Name => "proxy";

    public ProxyContext Context { get; }

    /// <summary>This process in Via fields: loops are seen by it.</summary>
    public string Instance { get; }

    /// <summary>The running configuration.</summary>
    public ProxySnapshot Live => _live;

    public IReadOnlyList<ProxyLoop> Loops => _loops;

    /// <summary>What brings spans, logs and metrics to collectors.</summary>
    public Exporters Exporters { get; }

    public PlaintextPeers PlaintextPeers { get; } = new();

    /// <summary>Where a connection would come back to this sidecar.</summary>
    public OwnAddresses OwnAddresses => _ownAddresses;

    public Task<Prepared> PrepareAsync(ProxyConfig config, CancellationToken cancellationToken) => PrepareAsync(config, identity: null, cancellationToken);

    /// <param name="identity">Who the workload is in this configuration; null where it does not say.</param>
    public async Task<Prepared> PrepareAsync(ProxyConfig config, Secret<IdentitySnapshot>? identity, CancellationToken cancellationToken) => await Preparation.MakeAsync(this, config, identity);

    /// <summary>Chance of the same origin for what is made later.</summary>
    public int NextSeed() => Context.Random.Next();

    /// <summary>The secrets of the configuration that was put in place; those of the one before are watched no more.</summary>
    public void Use(SecretSet secrets)
    {
        _secrets?.Dispose();
        _secrets = secrets;
    }

    /// <summary>Puts a prepared snapshot in place and retires what it no longer has. Called by <see cref="Preparation"/> only.</summary>
    public void Publish(ProxySnapshot next)
    {
        var old = _live;
        _ownAddresses = OwnAddresses.Of(next.Listeners.Select(pair => pair.Bound));
        next.FilterStates.Published(_loops[0], next);
        _live = next;
        foreach (var (bound, _) in next.Listeners)
        {
            if (!old.Listeners.Any(pair => pair.Bound == bound))
            {
                bound.Start();
                LogBound(bound.EndPoint.ToString()!, next.Find(bound)!.Name);
            }
        }

        foreach (var (bound, snapshot) in old.Listeners)
        {
            if (next.Find(bound) is not { } current)
            {
                Removed(bound, snapshot);
            }
            else if (current.Config != snapshot.Config)
            {
                ForConnections(bound, static connection => connection.Reloaded());
            }
        }

        foreach (var (name, cluster) in old.Clusters)
        {
            if (next.Clusters.GetValueOrDefault(name) != cluster)
            {
                cluster.Retire();
            }
        }

        old.FilterStates.RetireExcept(next.FilterStates);
    }

    public void EnterLameDuck() => _stage = DrainStage.LameDuck;

    public void BeginDrain()
    {
        _stage = DrainStage.Draining;
        foreach (var (bound, snapshot) in _live.Listeners)
        {
            if (IsInbound(snapshot))
            {
                bound.Close();
                CloseConnections(bound, now: false);
            }
        }
    }

    public async Task InboundDrainedAsync(CancellationToken cancellationToken)
    {
        while (Served().Any(pair => IsInbound(pair.Snapshot) && pair.Bound.Connections > 0))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), _time, cancellationToken);
        }
    }

    public async Task OutboundIdleAsync(TimeSpan quiet, CancellationToken cancellationToken)
    {
        var quietSince = _time.GetTimestamp();
        while (_time.GetElapsedTime(quietSince) < quiet)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), _time, cancellationToken);
            if (Served().Any(pair => !IsInbound(pair.Snapshot) && pair.Bound.Connections > 0))
            {
                quietSince = _time.GetTimestamp();
            }
        }
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        _stage = DrainStage.Stopped;
        var served = Served();
        foreach (var (bound, _) in served)
        {
            bound.Close();
            CloseConnections(bound, now: true);
        }

        foreach (var loop in _loops)
        {
            loop.Events.Post(loop.Mirrors.Stop);
        }

        while (served.Any(pair => pair.Bound.Connections > 0))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), _time, cancellationToken);
        }

        // Behind the last request, whose span is among them, and while there still is a way to the collector.
        await Exporters.StopAsync(cancellationToken);
        foreach (var cluster in _live.Clusters.Values)
        {
            cluster.Retire();
        }

        _live.FilterStates.RetireExcept(other: null);
    }

    /// <summary>Requests on this listener are answered with Connection: close: it is going away. Outbound is not, while the application lives.</summary>
    public bool IsDraining(HttpSnapshot listener) => _stage != DrainStage.None && (_stage == DrainStage.Stopped || listener.Direction != TrafficDirection.Outbound);

    /// <summary>A bug let an exception out of a request; the other requests go on.</summary>
    public void Unhandled(Exception exception) => LogUnhandled(exception);

    /// <summary>The system would not hand over a connection.</summary>
    public void AcceptFailed(ListenerSnapshot listener, IoResult result)
    {
        // Every loop meets it ten times a second for as long as it lasts; the metric counts, the log only tells.
        var told = Volatile.Read(ref _acceptFailureTold);
        if ((told == 0 || _time.GetElapsedTime(told) >= AcceptFailurePause) && Interlocked.CompareExchange(ref _acceptFailureTold, _time.GetTimestamp(), told) == told)
        {
            LogAccept(listener.Name, result.Describe());
        }
    }

    private static bool IsInbound(ListenerSnapshot listener) => listener.Config.Direction != TrafficDirection.Outbound;

    // Those of the running configuration and those that it no longer has while their last requests are served.
    private List<(BoundListener Bound, ListenerSnapshot Snapshot)> Served()
    {
        lock (_lock)
        {
            return [.. _live.Listeners, .. _removed];
        }
    }

    private void Removed(BoundListener bound, ListenerSnapshot snapshot)
    {
        lock (_lock)
        {
            _removed.RemoveAll(pair => pair.Bound.Connections == 0);
            _removed.Add((bound, snapshot));
        }

        bound.Close();
        CloseConnections(bound, now: false);
    }

    private void CloseConnections(BoundListener bound, bool now) =>
        ForConnections(bound, now ? static connection => connection.CloseNow() : static connection => connection.CloseIfIdle());

    // Each on its own loop.
    private void ForConnections(BoundListener bound, Action<DownstreamConnection> action)
    {
        foreach (var loop in _loops)
        {
            loop.Events.Post(() =>
            {
                foreach (var connection in loop.Connections.Where(connection => connection.Listener == bound).ToArray())
                {
                    action(connection);
                }
            });
        }
    }

    /// <summary>Memory is short: on each loop, idle connections of both sides are closed.</summary>
    public void ShedIdleConnections()
    {
        foreach (var loop in _loops)
        {
            loop.Events.Post(() =>
            {
                var closed = 0;
                foreach (var connection in loop.Connections.ToArray())
                {
                    closed += connection.ShedIfIdle() ? 1 : 0;
                }

                foreach (var cluster in _live.Clusters.Values)
                {
                    closed += cluster.On(loop).Pool.ShedIdle();
                }

                if (closed > 0)
                {
                    loop.Overload.Shed.Count("idle_connections", closed);
                }
            });
        }
    }

    /// <summary>A connection was refused before anything was served on it; said once a second and kind, counted always.</summary>
    public void ConnectionRefused(ListenerSnapshot listener, string peer, string reason, string cause)
    {
        if (_refusals.MayTell(reason, _time.GetTimestamp(), out var untold))
        {
            LogRefused(listener.Name, peer, cause, untold > 0 ? $" ({untold} more like it were not told)" : "");
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "listener {Name} refused a connection from {Peer}: {Cause}{More}")]
    private partial void LogRefused(string name, string peer, string cause, string more);

    [LoggerMessage(Level = LogLevel.Information, Message = "listener {Name} is bound to {Address}")]
    private partial void LogBound(string address, string name);

    [LoggerMessage(Level = LogLevel.Error, Message = "an error inside Pillion ended a request; please report it")]
    private partial void LogUnhandled(Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "listener {Name} cannot accept connections: {Error}")]
    private partial void LogAccept(string name, string error);
}
