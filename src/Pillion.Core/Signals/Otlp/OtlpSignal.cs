namespace Pillion.Core.Signals.Otlp;

/// <summary>The three kinds of telemetry, each with a service and a path of its own.</summary>
internal enum OtlpSignal : byte
{
    Traces,
    Logs,
    Metrics,
}
