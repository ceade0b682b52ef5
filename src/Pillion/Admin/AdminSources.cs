using Pillion.Core.Configuration.Documents;
using Pillion.Core.Configuration.Roles;
using Pillion.Core.Lifecycle;
using Pillion.Core.Signals.Logging;
using Pillion.Core.Signals.Metrics;
using Pillion.Core.Signals.Records;
using Pillion.Core.Signals.Watching;
using Pillion.Net;
using Pillion.Reload;

namespace Pillion.Admin;

/// <summary>Where the admin pages take what they show. Each is asked when a page is, from a thread of the pool.</summary>
internal sealed record AdminSources
{
    public required Lifecycle Lifecycle { get; init; }

    public required MetricRegistry Metrics { get; init; }

    public required RequestRecords Records { get; init; }

    /// <summary>Who looks at requests as they end.</summary>
    public RequestWatchers Watchers { get; init; } = new();

    /// <summary>Who may watch requests as they come, as the configuration that runs says.</summary>
    public Func<TapAccess> Tap { get; init; } = () => TapAccess.Local;

    /// <summary>Where this port is bound; null before.</summary>
    public Func<Address?> AdminAddress { get; init; } = () => null;

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>How many loops serve requests.</summary>
    public int Loops { get; init; } = 1;

    public required LogLevels Levels { get; init; }

    /// <summary>Path of the configuration as the user named it.</summary>
    public required string ConfigFile { get; init; }

    /// <summary>The tree of the configuration that runs, for <c>/config</c>; null before the first.</summary>
    public required Func<ConfigNode?> Config { get; init; }

    public required Func<ReloadStatus> Reload { get; init; }

    public required Func<IReadOnlyList<ListenerView>> Listeners { get; init; }

    public required Func<CancellationToken, Task<IReadOnlyList<ClusterView>>> ClustersAsync { get; init; }

    /// <summary>Who would be refused if permissive listeners were strict; most connections first.</summary>
    public Func<IReadOnlyList<PlaintextView>> Plaintext { get; init; } = () => [];

    /// <summary>Listeners that take plaintext beside mutual TLS.</summary>
    public Func<IReadOnlyList<string>> PermissiveListeners { get; init; } = () => [];

    public required string Version { get; init; }

    /// <summary>Whom the sidecar stands beside, as the configuration that runs says; empty where it does not.</summary>
    public Func<string> Workload { get; init; } = () => "";

    /// <summary>Host names, besides localhost and IP addresses, by which the port may be asked.</summary>
    public IReadOnlyList<string> HostNames { get; init; } = [];
}
