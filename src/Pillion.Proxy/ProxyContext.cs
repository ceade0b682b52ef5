using Microsoft.Extensions.Logging;
using Pillion.Core.Identity.Secrets;
using Pillion.Core.Overload;
using Pillion.Core.Signals.AccessLog;
using Pillion.Core.Signals.Metrics;
using Pillion.Core.Signals.Records;
using Pillion.Core.Signals.Watching;
using Pillion.Net.Loop;
using Pillion.Net.Sockets;
using Pillion.Proxy.Clusters.Dns;

namespace Pillion.Proxy;

/// <summary>What the program gives the proxy to live on.</summary>
internal sealed record ProxyContext
{
    public required Network Network { get; init; }

    /// <summary>The loops, by their index.</summary>
    public required IReadOnlyList<EventLoop> Loops { get; init; }

    public required MetricRegistry Metrics { get; init; }

    public required AccessLogs AccessLogs { get; init; }

    public required RequestRecords Records { get; init; }

    /// <summary>Who looks at requests as they end.</summary>
    public RequestWatchers Watchers { get; init; } = new();

    /// <summary>Certificates and authorities in files, watched.</summary>
    public required SecretStore Secrets { get; init; }

    public required INameResolver Resolver { get; init; }

    public required TimeProvider Time { get; init; }

    public required Random Random { get; init; }

    /// <summary>What is given up when memory is short.</summary>
    public OverloadState Overload { get; init; } = new();

    public required ILogger Logger { get; init; }
}
