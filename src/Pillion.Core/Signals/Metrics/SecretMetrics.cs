namespace Pillion.Core.Signals.Metrics;

/// <summary>What becomes of a secret in files: certificates with their keys, bundles of authorities. Written rarely, by the one who watches them.</summary>
internal sealed class SecretMetrics
{
    private long _renewals;
    private long _refusals;

    public static IEnumerable<Metric<SecretMetrics>> All { get; } =
    [
        Own("renewals_total", "New content that was taken into use while running", m => Interlocked.Read(ref m._renewals)),
        Own("renewals_refused_total", "New content that was refused; the one from before stayed in use", m => Interlocked.Read(ref m._refusals)),
    ];

    public void Renewed() => Interlocked.Increment(ref _renewals);

    public void Refused() => Interlocked.Increment(ref _refusals);

    private static Metric<SecretMetrics> Own(string name, string help, Func<SecretMetrics, double> value) =>
        new() { Name = name, OwnName = name, Kind = MetricKind.Counter, Help = help, Value = value, IsEnvoys = false };
}
