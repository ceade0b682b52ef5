namespace Pillion.Core.Signals.Metrics;

/// <summary>The life of a certificate that we show to peers.</summary>
internal sealed class CertificateMetrics
{
    /// <summary>When it, or a certificate of its chain, expires; asked at each scrape.</summary>
    public Func<DateTimeOffset>? NotAfter { get; set; }

    public TimeProvider Time { get; set; } = TimeProvider.System;

    public static IEnumerable<Metric<CertificateMetrics>> All { get; } =
    [
        Own("expires_in_seconds", "Time until it or one of its chain expires; below zero when it has", m => m.NotAfter is { } end ? Math.Floor((end() - m.Time.GetUtcNow()).TotalSeconds) : 0),
        Own("not_after_timestamp_seconds", "When it or one of its chain expires, in Unix time", m => m.NotAfter?.Invoke().ToUnixTimeSeconds() ?? 0),
    ];

    private static Metric<CertificateMetrics> Own(string name, string help, Func<CertificateMetrics, double> value) =>
        new() { Name = name, OwnName = name, Kind = MetricKind.Gauge, Help = help, Value = value, IsEnvoys = false };
}
