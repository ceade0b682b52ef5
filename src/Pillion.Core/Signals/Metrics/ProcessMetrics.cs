using System.Diagnostics;
using static Pillion.Core.Signals.Metrics.MetricKind;

namespace Pillion.Core.Signals.Metrics;

/// <summary>The standard metrics of a process under the names that every Prometheus client library gives them.</summary>
internal sealed class ProcessMetrics
{
    public static IEnumerable<Metric<ProcessMetrics>> All { get; } =
    [
        Own(Counter, "cpu_seconds_total", "Processor time used, user and system", _ => Ask(p => p.TotalProcessorTime.TotalSeconds)),
        Own(Gauge, "resident_memory_bytes", "Resident memory", _ => Ask(p => p.WorkingSet64)),
        Own(Gauge, "virtual_memory_bytes", "Virtual memory", _ => Ask(p => p.VirtualMemorySize64)),
        Own(Gauge, "threads", "Threads", _ => Ask(p => p.Threads.Count)),
        Own(Gauge, "open_fds", "Open file descriptors", _ => OpenDescriptors()),
        Own(Gauge, "start_time_seconds", "When the process started, in Unix time", _ => Ask(p => new DateTimeOffset(p.StartTime).ToUnixTimeMilliseconds() / 1000.0)),
    ];

    private static double Ask(Func<Process, double> question)
    {
        using var process = Process.GetCurrentProcess();
        return question(process);
    }

    // 0 where the system has no such directory; a metric that is unknown is then not shown.
    private static double OpenDescriptors() => OperatingSystem.IsLinux() ? Directory.EnumerateFileSystemEntries("/proc/self/fd").Count() : 0;

    private static Metric<ProcessMetrics> Own(MetricKind kind, string name, string help, Func<ProcessMetrics, double> value) =>
        new() { Name = name, OwnName = name, Kind = kind, Help = help, Value = value, IsEnvoys = false };
}
