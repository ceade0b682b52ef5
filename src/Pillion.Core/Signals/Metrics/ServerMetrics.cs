using static Pillion.Core.Signals.Metrics.Metric<Pillion.Core.Signals.Metrics.ServerMetrics>;

namespace Pillion.Core.Signals.Metrics;

/// <summary>The program as a whole: its state, its configuration, its memory. Written rarely, from any thread.</summary>
internal sealed class ServerMetrics
{
    private long _reloadSuccesses;
    private long _reloadFailures;
    private long _lastReloadUnixMillis;
    private long _configVersion;
    private long _listeners;

    /// <summary>When the program started; set once by the composition.</summary>
    public long StartedTimestamp { get; set; }

    public TimeProvider Time { get; set; } = TimeProvider.System;

    /// <summary>0 live, 1 draining, 2 starting, 3 initialising (Envoy: server.state).</summary>
    public int State { get; set; } = 2;

    public static IEnumerable<Metric<ServerMetrics>> All { get; } =
    [
        Gauge("live", "1 while Pillion takes requests, 0 while it starts or drains", m => m.State == 0 ? 1 : 0),
        Gauge("state", "0 live, 1 draining, 2 starting", m => m.State),
        Gauge("uptime", "Time since the start", m => Math.Floor(m.Time.GetElapsedTime(m.StartedTimestamp).TotalSeconds)) with { OwnName = "uptime_seconds" },
        Gauge("memory_allocated", "Bytes of live objects on the managed heap", _ => GC.GetTotalMemory(forceFullCollection: false)) with { OwnName = "managed_heap_bytes" },
        Gauge("memory_heap_size", "Bytes that the managed heap holds from the system", _ => GC.GetGCMemoryInfo().TotalCommittedBytes) with { OwnName = "managed_committed_bytes" },
        Own(MetricKind.Counter, "collections_total", "Garbage collections", _ => GC.CollectionCount(0)),
        Own(MetricKind.Gauge, "listeners", "Listeners bound now", m => Interlocked.Read(ref m._listeners)),
        Own(MetricKind.Counter, "config_reload_success_total", "Configurations taken into use, the first one included", m => Interlocked.Read(ref m._reloadSuccesses)),
        Own(MetricKind.Counter, "config_reload_failure_total", "Configurations refused; the running one stayed", m => Interlocked.Read(ref m._reloadFailures)),
        Own(MetricKind.Gauge, "config_last_reload_success_timestamp_seconds", "When the running configuration was taken into use", m => Interlocked.Read(ref m._lastReloadUnixMillis) / 1000.0),
        Gauge("version", "A number that stands for the content of the running configuration", m => Interlocked.Read(ref m._configVersion)) with { OwnName = "config_version" },
    ];

    /// <summary>A configuration was committed.</summary>
    /// <param name="contentHash">Any stable hash of its content; 48 bits of it are shown, so that every reader keeps it exact.</param>
    public void ReloadSucceeded(ulong contentHash)
    {
        Interlocked.Increment(ref _reloadSuccesses);
        Interlocked.Exchange(ref _lastReloadUnixMillis, Time.GetUtcNow().ToUnixTimeMilliseconds());
        Interlocked.Exchange(ref _configVersion, (long)(contentHash & 0xFFFF_FFFF_FFFF));
    }

    public void ReloadFailed() => Interlocked.Increment(ref _reloadFailures);

    public void SetListeners(int count) => Interlocked.Exchange(ref _listeners, count);

    private static Metric<ServerMetrics> Own(MetricKind kind, string name, string help, Func<ServerMetrics, double> value) =>
        new() { Name = name, OwnName = name, Kind = kind, Help = help, Value = value, IsEnvoys = false };
}
