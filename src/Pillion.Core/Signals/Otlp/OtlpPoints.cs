using System.Buffers.Binary;
using Pillion.Core.Protobuf;
using Pillion.Core.Signals.Metrics;

namespace Pillion.Core.Signals.Otlp;

/// <summary>
/// Metrics as OTLP has them, cumulative since the start: the same families as a scrape. Names are dotted and without the unit, so that a collector that makes
/// Prometheus names of them arrives at those of <c>/metrics</c>.
/// </summary>
internal sealed class OtlpPoints(ProtoWriter writer, MetricRegistry registry, OtlpConfig config, TimeProvider time)
{
    // ScopeMetrics.metrics.
    private const int MetricField = 2;
    private const int Gauge = 5;
    private const int Sum = 7;
    private const int Histogram = 9;
    private const int Cumulative = 2;

    private readonly ulong[] _counts = new ulong[DurationHistogram.Bounds.Length + 1];
    private readonly ulong[] _bounds = new ulong[DurationHistogram.Bounds.Length];
    private ulong _start;
    private ulong _now;

    /// <summary>The families that have a value, as they are now.</summary>
    public IEnumerable<MetricFamily> Collect()
    {
        var now = time.GetUtcNow();
        _now = Nanos(now.UtcTicks);
        _start = Nanos((now - time.GetElapsedTime(registry.Server.StartedTimestamp)).UtcTicks);
        return registry.Collect().Where(family => family.Series.Count > 0);
    }

    /// <summary>Writes a family as one Metric, and returns how many points it has.</summary>
    public int Write(MetricFamily family)
    {
        var envoy = config.EnvoyNames && family.IsEnvoys;
        var (name, unit) = NameOf(family, envoy);
        var at = writer.Begin(MetricField);
        writer.Text(1, name);
        writer.Text(2, family.Help);
        writer.Text(3, unit);
        var data = writer.Begin(family.Kind switch { MetricKind.Counter => Sum, MetricKind.Gauge => Gauge, _ => Histogram });
        foreach (var series in family.Series)
        {
            var point = writer.Begin(1);
            if (series.Buckets is null)
            {
                Number(family, series, envoy);
            }
            else
            {
                Samples(family, series, envoy);
            }

            writer.End(point);
        }

        if (family.Kind != MetricKind.Gauge)
        {
            writer.Int(2, Cumulative);
        }

        if (family.Kind == MetricKind.Counter)
        {
            writer.Bool(3, true);
        }

        writer.End(data);
        writer.End(at);
        return family.Series.Count;
    }

    /// <summary>Its name in OTLP, and its unit (UCUM).</summary>
    public (string Name, string Unit) NameOf(MetricFamily family, bool envoy)
    {
        if (envoy)
        {
            var dotted = $"{family.Scope.Name}.{family.Name}";
            return (config.MetricsPrefix.Length > 0 ? $"{config.MetricsPrefix}.{dotted}" : dotted, family.Kind == MetricKind.Histogram ? "ms" : "");
        }

        var name = family.PrometheusName(MetricNaming.Pillion);
        var prefix = family.Scope.OwnPrefix;
        name = prefix.Replace('_', '.') + name[prefix.Length..];
        name = family.Kind == MetricKind.Counter && name.EndsWith("_total", StringComparison.Ordinal) ? name[..^"_total".Length] : name;
        return
            name.EndsWith("_seconds", StringComparison.Ordinal) ? (name[..^"_seconds".Length], "s") :
            name.EndsWith("_bytes", StringComparison.Ordinal) ? (name[..^"_bytes".Length], "By") :
            (name, "");
    }

    // NumberDataPoint: attributes 7, start 2, time 3, as_double 4. A counter is a number of the one type always, whole or not.
    private void Number(MetricFamily family, MetricSeries series, bool envoy)
    {
        Labels(7, family, series, envoy);
        if (family.Kind == MetricKind.Counter)
        {
            writer.Fixed(2, _start);
        }

        writer.Fixed(3, _now);
        writer.DoubleAlways(4, series.Value);
    }

    // HistogramDataPoint: attributes 9, start 2, time 3, count 4, sum 5, bucket_counts 6, explicit_bounds 7, exemplars 8.
    private void Samples(MetricFamily family, MetricSeries series, bool envoy)
    {
        var microsPerUnit = envoy ? 1_000.0 : 1_000_000.0;
        Labels(9, family, series, envoy);
        writer.Fixed(2, _start);
        writer.Fixed(3, _now);
        writer.Fixed(4, (ulong)series.Samples);
        writer.DoubleAlways(5, series.SumMicros / microsPerUnit);
        for (var i = 0; i < _counts.Length; i++)
        {
            _counts[i] = (ulong)series.Buckets![i];
        }

        for (var i = 0; i < _bounds.Length; i++)
        {
            _bounds[i] = BitConverter.DoubleToUInt64Bits(DurationHistogram.Bounds[i] / microsPerUnit);
        }

        writer.Packed(6, _counts);
        writer.Packed(7, _bounds);
        foreach (var exemplar in series.Exemplars ?? [])
        {
            if (exemplar.Exists)
            {
                Write(exemplar, microsPerUnit);
            }
        }
    }

    // Exemplar: time 2, as_double 3, span_id 4, trace_id 5.
    private void Write(in Exemplar exemplar, double microsPerUnit)
    {
        Span<byte> id = stackalloc byte[16];
        var at = writer.Begin(8);
        writer.Fixed(2, Nanos(exemplar.UtcTicks));
        writer.DoubleAlways(3, exemplar.Micros / microsPerUnit);
        BinaryPrimitives.WriteUInt64BigEndian(id, exemplar.Span);
        writer.Bytes(4, id[..8]);
        BinaryPrimitives.WriteUInt64BigEndian(id, exemplar.High);
        BinaryPrimitives.WriteUInt64BigEndian(id[8..], exemplar.Low);
        writer.Bytes(5, id);
        writer.End(at);
    }

    private void Labels(int field, MetricFamily family, MetricSeries series, bool envoy)
    {
        foreach (var (name, owner) in family.Scope.Labels(series.Owner, envoy))
        {
            // Envoy calls its tags envoy.cluster_name and so on.
            OtlpAttributes.Text(writer, field, envoy && name.StartsWith("envoy_", StringComparison.Ordinal) ? "envoy." + name["envoy_".Length..] : name, owner);
        }

        if (series.Label is not null)
        {
            OtlpAttributes.Text(writer, field, envoy ? "envoy.response_code_class" : series.Label, envoy ? series.LabelValue![..1] : series.LabelValue);
        }
    }

    private static ulong Nanos(long utcTicks) => (ulong)Math.Max(0, utcTicks - DateTime.UnixEpoch.Ticks) * 100;
}
