using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Roles;
using Pillion.Core.Signals.Otlp;

namespace Pillion.Proxy.Configuration.Native;

/// <summary>What all parts of the file need of each other while it is read, and what has been read of it so far.</summary>
/// <param name="hasIdentity">The file says who the sidecar is.</param>
/// <param name="capture">Which connections of an application that knows nothing of us are redirected here.</param>
internal sealed class NativeScope(AppConfig? app, bool hasIdentity, CaptureConfig? capture, ValueList<AccessLogConfig> logs, OtlpConfig? otlp, TracingConfig? tracing)
{
    public AppConfig? App => app;

    public bool HasIdentity => hasIdentity;

    /// <summary>Where inbound connections are redirected to; null where they are not.</summary>
    public int? InboundCapture => capture is { InboundPorts.Count: > 0 } ? capture.InboundPort : null;

    /// <summary>Where outbound connections are redirected to; null where they are not.</summary>
    public int? OutboundCapture => capture is { OutboundPort: > 0 } ? capture.OutboundPort : null;

    public ValueList<AccessLogConfig> Logs => logs;

    /// <summary>The zone we run in; null where the file does not say.</summary>
    public string? Zone { get; set; }
    /// <summary>The collector; null where the file names none.</summary>
    public OtlpConfig? Otlp => otlp;

    /// <summary>What listeners inherit; null records nothing.</summary>
    public TracingConfig? Tracing => tracing;

    public RouteTargets Targets { get; } = new();

    public List<ListenerConfig> Listeners { get; } = [];

    public List<ClusterConfig> Clusters { get; } = [];

    /// <summary>The cluster of wherever a connection wanted to go; both ways share it.</summary>
    public void AddOriginalDestination(SourceLine source)
    {
        if (!Clusters.Exists(cluster => cluster.Name == NativeNames.OriginalDestination))
        {
            Clusters.Add(new() { Name = NativeNames.OriginalDestination, Discovery = ClusterDiscovery.OriginalDestination, Source = source });
        }
    }
}
