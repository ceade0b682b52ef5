using Microsoft.Extensions.Logging;
using Pillion.Admin;
using Pillion.Application;
using Pillion.Commands;
using Pillion.Core.Configuration.Documents;
using Pillion.Core.Configuration.Roles;
using Pillion.Core.Identity;
using Pillion.Core.Identity.Secrets;
using Pillion.Core.Lifecycle;
using Pillion.Core.Overload;
using Pillion.Core.Signals.AccessLog;
using Pillion.Core.Signals.Logging;
using Pillion.Core.Signals.Metrics;
using Pillion.Core.Signals.Records;
using Pillion.Core.Signals.Watching;
using Pillion.Net;
using Pillion.Net.Loop;
using Pillion.Net.Sockets;
using Pillion.Proxy;
using Pillion.Proxy.Clusters;
using Pillion.Proxy.Clusters.Dns;
using Pillion.Proxy.Listeners;
using Pillion.Reload;

namespace Pillion;

/// <summary>All parts of one sidecar, composed by hand: loops, signals, roles, admin port. It knows no command line, no file and no process signal.</summary>
internal sealed partial class Sidecar : IDisposable
{
    private readonly EventLoop[] _loops;
    private readonly Network _network;
    private readonly ProxyRole _proxy;
    private readonly AccessLogs _accessLogs;
    private readonly ILogger _logger;
    private readonly Condition _configuration;
    private readonly Condition _listeners;
    private readonly Condition _admin;
    private readonly CancellationTokenSource _stopWatching = new();
    private Task _watching = Task.CompletedTask;
    private AdminServer? _adminServer;
    private AdminToken? _token;
    private readonly RequestWatchers _watchers = new();
    private volatile AdminConfig _adminConfig = new();

    public Sidecar(int loops, Network network, PillionLogs logs, TimeProvider time, INameResolver resolver, Func<string, ILineSink>? openAccessLog = null)
    {
        Time = time;
        Logs = logs;
        _logger = logs.CreateLogger("main");
        Lifecycle = new Lifecycle(time) { Changed = OnChanged };
        _configuration = Lifecycle.AddCondition("configuration", "not read yet");
        _listeners = Lifecycle.AddCondition("listeners", "not bound yet");
        _admin = Lifecycle.AddCondition("admin", "not bound yet");
        Health = new ApplicationHealth(Lifecycle, time, logs.CreateLogger("health"));

        _network = network;
        _loops = [.. Enumerable.Range(0, loops).Select(index => _network.CreateLoop(index, time))];
        Metrics = new MetricRegistry(loops, time);
        Secrets = new SecretStore(Metrics, time, logs.CreateLogger("identity"));
        Identity = new WorkloadIdentity(Secrets, Lifecycle, time);
        Records = new RequestRecords(time);
        Overload = new OverloadWatch(new SystemMemory(), Metrics, Lifecycle, time, logs.CreateLogger("overload")) { Shedding = Shed };
        _accessLogs = new AccessLogs(loops, Metrics, logs.CreateLogger("access_log"), open: openAccessLog);
        _proxy = new ProxyRole(new ProxyContext
        {
            Network = _network,
            Loops = _loops,
            Metrics = Metrics,
            AccessLogs = _accessLogs,
            Records = Records,
            Watchers = _watchers,
            Secrets = Secrets,
            Resolver = resolver,
            Time = time,
            Random = new Random(),
            Overload = Overload.State,
            Logger = logs.CreateLogger("proxy"),
        });
        Roles = [_proxy];
    }

    public TimeProvider Time { get; }

    public PillionLogs Logs { get; }

    public Lifecycle Lifecycle { get; }

    public ApplicationHealth Health { get; }

    public MetricRegistry Metrics { get; }

    /// <summary>Certificates and authorities in files, watched from the start.</summary>
    public SecretStore Secrets { get; }

    /// <summary>Who this sidecar is to its peers.</summary>
    public WorkloadIdentity Identity { get; }

    /// <summary>What is given up when memory is short.</summary>
    public OverloadWatch Overload { get; }

    public RequestRecords Records { get; }

    /// <summary>In the order of starting; they stop in the reverse order.</summary>
    public IReadOnlyList<IRole> Roles { get; }

    /// <summary>Where the admin port is bound; null before.</summary>
    public Address? AdminAddress => _adminServer?.Address;

    public Address? ApplicationAddress { get; private set; }

    /// <summary>Whom this sidecar stands beside; empty where the configuration does not say.</summary>
    public string Workload { get; private set; } = "";

    /// <summary>What is bound now, with real ports.</summary>
    public IReadOnlyList<ListenerView> Listeners =>
        [.. _proxy.Live.Listeners.Select(pair => new ListenerView(
            pair.Snapshot.Name, pair.Bound.EndPoint.ToString()!, pair.Snapshot.Config.Direction.ToString().ToLowerInvariant(), pair.Bound.Connections))];

    public IReadOnlyList<ClusterView> Clusters =>
        [.. _proxy.Live.Clusters.Values.OrderBy(cluster => cluster.Config.Name, StringComparer.Ordinal).Select(ClusterViews.Of)];

    /// <summary>Connections of our own carry a mark, so that capture leaves them alone; false where this process may not mark.</summary>
    public bool TryMark(int mark) => _network.TryMark(mark);

    /// <summary>Starts the threads. Nothing is bound before the first configuration.</summary>
    public void Start()
    {
        _accessLogs.Start();
        _watching = Task.WhenAll(Secrets.WatchAsync(_stopWatching.Token), Overload.RunAsync(_stopWatching.Token));
        foreach (var loop in _loops)
        {
            loop.Start();
        }
    }

    /// <summary>Prepares a configuration in every role, then commits it in all of them or in none. Returns why it cannot run.</summary>
    public async Task<IReadOnlyList<string>> ApplyAsync(PillionConfig config, StopTimes times, CancellationToken cancellationToken)
    {
        var identity = Identity.Prepare(config.Identity, config.Workload);
        if (identity.Mistakes.Count > 0)
        {
            // Alone: whatever needs the identity would tell of a second mistake where there is one.
            identity.Abandon();
            return identity.Mistakes;
        }

        var prepared = new List<Prepared> { identity, await _proxy.PrepareAsync(config.Proxy, identity.Identity, cancellationToken).ConfigureAwait(false) };
        var mistakes = prepared.SelectMany(part => part.Mistakes).ToList();
        if (mistakes.Count > 0)
        {
            prepared.ForEach(part => part.Abandon());
            return mistakes;
        }

        prepared.ForEach(part => part.Commit());
        Lifecycle.Times = times;
        Overload.Apply(config.Overload);
        ApplicationAddress = config.App?.Address;
        _adminConfig = config.Admin;
        Workload = config.Workload.Name;
        Health.Apply(config.App);
        Metrics.Server.SetListeners(config.Proxy.Listeners.Count);
        _configuration.Meet();
        _listeners.Meet();
        return [];
    }

    /// <summary>Opens the admin port. Returns why it cannot, or null.</summary>
    public async Task<string?> StartAdminAsync(
        Address address, Func<string, string?> environment, string configFile, Func<ConfigNode?> config, Func<ReloadStatus> reload)
    {
        // The token's name carries the port, which the kernel may have yet to choose: bound first, then asked.
        AdminEndpoints? endpoints = null;
        _adminServer = new AdminServer(_loops[0], () => endpoints, Logs.CreateLogger("admin"));
        if (await _adminServer.StartAsync(_network, address).ConfigureAwait(false) is { } mistake)
        {
            return mistake;
        }

        _token = AdminToken.TryCreate(AdminToken.DefaultPath(_adminServer.Address!, environment, Environment.IsPrivilegedProcess), out var problem);
        if (_token is null)
        {
            LogNoToken(problem);
        }

        endpoints = new AdminEndpoints(
            new AdminSources
            {
                Lifecycle = Lifecycle,
                Metrics = Metrics,
                Records = Records,
                Watchers = _watchers,
                Tap = () => _adminConfig.Tap,
                AdminAddress = () => AdminAddress,
                Time = Time,
                Loops = _loops.Length,
                Levels = Logs.Levels,
                ConfigFile = configFile,
                Config = config,
                Reload = reload,
                Listeners = () => Listeners,
                ClustersAsync = _ => Task.FromResult(Clusters),
                Plaintext = () => [.. _proxy.PlaintextPeers.List().Select(row => new PlaintextView(row.Listener, row.Peer.Equals(default) ? "others" : row.Peer.AddressText(), row.Connections))],
                PermissiveListeners = () => [.. _proxy.Live.Listeners.Where(pair => pair.Snapshot.Config.AllChains.Any(chain => chain.CountsPlaintext)).Select(pair => pair.Snapshot.Name)],
                Version = VersionCommand.Version,
                Workload = () => Workload,
            },
            _token);
        _admin.Meet();
        return null;
    }

    /// <summary>Opens the access logs again by their names, after logrotate has moved them.</summary>
    public void ReopenLogs() => _accessLogs.Reopen();

    /// <summary>Writes the access-log lines that wait, now.</summary>
    public void FlushLogs() => _accessLogs.Flush();

    /// <summary>Waits until a stop is asked for, carries it out and ends the threads. Returns the exit code.</summary>
    public async Task<int> StopAsync(IApplication application)
    {
        var code = await Lifecycle.StopAsync(Roles, application).ConfigureAwait(false);
        await Health.StopAsync().ConfigureAwait(false);
        await _stopWatching.CancelAsync().ConfigureAwait(false);
        await _watching.ConfigureAwait(false);
        _adminServer?.Stop();
        foreach (var loop in _loops)
        {
            loop.Stop();
        }

        foreach (var loop in _loops)
        {
            loop.Join(TimeSpan.FromSeconds(1));
        }

        // The last lines of the last requests.
        _accessLogs.Stop(TimeSpan.FromSeconds(1));
        return code;
    }

    public void Dispose()
    {
        _stopWatching.Dispose();
        _token?.Dispose();
        _accessLogs.Dispose();
    }

    private void Shed(OverloadActions actions)
    {
        Logs.Levels.Floor = (actions & OverloadActions.DebugLogs) != 0 ? LogLevel.Information : LogLevel.Trace;
        if ((actions & OverloadActions.IdleConnections) != 0)
        {
            _proxy.ShedIdleConnections();
        }
    }

    private void OnChanged(LifecycleState state)
    {
        Metrics.Server.State = state == LifecycleState.Ready ? 0 : 1;
        switch (state)
        {
            case LifecycleState.LameDuck:
                LogGoingAway(Lifecycle.StopRequested.IsCompletedSuccessfully ? Lifecycle.StopRequested.Result.Reason : "POST /drain");
                break;
            case LifecycleState.Draining:
                LogDraining();
                break;
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "going away ({Reason}): still serving, no longer ready")]
    private partial void LogGoingAway(string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "draining: inbound takes nothing new")]
    private partial void LogDraining();

    [LoggerMessage(Level = LogLevel.Warning, Message = "nothing can be changed over the admin port: the token file {Problem}")]
    private partial void LogNoToken(string problem);
}
