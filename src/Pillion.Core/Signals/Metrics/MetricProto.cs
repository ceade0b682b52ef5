using System.Buffers;
using Pillion.Core.Protobuf;

namespace Pillion.Core.Signals.Metrics;

/// <summary>
/// Prometheus' protobuf format (io.prometheus.client.MetricFamily of prometheus/client_model, each with its length before it): what Prometheus asks for where it
/// takes native histograms, which no text can hold. Histograms have the classic buckets too.
/// </summary>
internal static class MetricProto
{
    public const string ContentType = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";

    private const int CounterType = 0;
    private const int GaugeType = 1;
    private const int HistogramType = 4;

    // Below it a value is in the bucket of zero; client_golang's default, 2^-128.
    private const double ZeroThreshold = 2.938735877055719e-39;

    public static void Write(IBufferWriter<byte> output, MetricRegistry registry, MetricNaming naming = MetricNaming.Pillion, bool usedOnly = true)
    {
        var writer = new ProtoWriter(16 * 1024);
        Span<byte> prefix = stackalloc byte[10];
        foreach (var family in registry.Collect(usedOnly).Where(family => family.Series.Count > 0))
        {
            writer.Clear();
            Family(writer, family, naming);
            output.Write(prefix[..ProtoWriter.Encode(prefix, (ulong)writer.Length)]);
            output.Write(writer.Written);
        }
    }

    // MetricFamily: name 1, help 2, type 3, metric 4.
    private static void Family(ProtoWriter writer, MetricFamily family, MetricNaming naming)
    {
        var envoy = naming == MetricNaming.Envoy && family.IsEnvoys;
        writer.Text(1, family.PrometheusName(naming));
        writer.Text(2, family.Help + ".");
        writer.IntAlways(3, family.Kind switch { MetricKind.Counter => CounterType, MetricKind.Gauge => GaugeType, _ => HistogramType });
        foreach (var series in family.Series)
        {
            // Metric: label 1, gauge 2, counter 3, histogram 7.
            var metric = writer.Begin(4);
            Labels(writer, family, series, envoy);
            var at = writer.Begin(family.Kind switch { MetricKind.Counter => 3, MetricKind.Gauge => 2, _ => 7 });
            if (series.Buckets is null)
            {
                writer.DoubleAlways(1, series.Value);
            }
            else
            {
                Histogram(writer, series, envoy);
            }

            writer.End(at);
            writer.End(metric);
        }
    }

    private static void Labels(ProtoWriter writer, MetricFamily family, MetricSeries series, bool envoy)
    {
        foreach (var (name, owner) in family.Scope.Labels(series.Owner, envoy))
        {
            Label(writer, name, owner);
        }

        if (series.Label is not null)
        {
            Label(writer, envoy ? "envoy_response_code_class" : series.Label, envoy ? series.LabelValue![..1] : series.LabelValue!);
        }
    }

    private static void Label(ProtoWriter writer, string name, string value)
    {
        var at = writer.Begin(1);
        writer.Text(1, name);
        writer.Text(2, value);
        writer.End(at);
    }

    // Histogram: sample_count 1, sample_sum 2, bucket 3 { cumulative_count 1, upper_bound 2, exemplar 3 }, schema 5, zero_threshold 6, zero_count 7,
    // positive_span 12 { offset 1, length 2 }, positive_delta 13.
    private static void Histogram(ProtoWriter writer, MetricSeries series, bool envoy)
    {
        var microsPerUnit = envoy ? 1_000.0 : 1_000_000.0;
        writer.UInt(1, (ulong)series.Samples);
        writer.DoubleAlways(2, series.SumMicros / microsPerUnit);
        long cumulated = 0;
        for (var i = 0; i < DurationHistogram.Bounds.Length; i++)
        {
            cumulated += series.Buckets![i];
            var bucket = writer.Begin(3);
            writer.UInt(1, (ulong)cumulated);
            writer.DoubleAlways(2, DurationHistogram.Bounds[i] / microsPerUnit);
            if (series.Exemplars is { } exemplars && exemplars[i].Exists)
            {
                Exemplar(writer, exemplars[i], microsPerUnit);
            }

            writer.End(bucket);
        }

        // The exponential buckets are of seconds; those of another unit would be at other places. Both sets are read a moment apart from each other,
        // and a reader refuses a count that is not their sum: then the classic buckets stand alone this time.
        if (!envoy && series.Native is { } native && native.Samples == series.Samples)
        {
            Native(writer, native);
        }
    }

    private static void Native(ProtoWriter writer, NativeHistogram native)
    {
        writer.SIntAlways(5, NativeBuckets.Schema);
        writer.DoubleAlways(6, ZeroThreshold);
        writer.UInt(7, (ulong)native.Zeros);
        var deltas = new List<ulong>();
        long before = 0;
        var next = 0;
        var end = -NativeBuckets.First;
        while (NextSpan(native.Counts, ref next, out var length))
        {
            var first = next - length;
            var span = writer.Begin(12);
            // The first span begins at its bucket's number, which counts from that of one second; further ones behind the gap.
            writer.SInt(1, first - end);
            writer.UInt(2, (ulong)length);
            writer.End(span);
            end = next;
            for (var i = first; i < next; i++)
            {
                deltas.Add(ProtoWriter.ZigZag(native.Counts[i] - before));
                before = native.Counts[i];
            }
        }

        if (deltas.Count == 0)
        {
            // Nothing was counted: a span of no buckets says that the histogram is native all the same.
            writer.BytesAlways(12, []);
        }

        writer.PackedVarints(13, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(deltas));
    }

    // Gaps of one or two empty buckets are cheaper told than skipped.
    private static bool NextSpan(long[] counts, ref int next, out int length)
    {
        length = 0;
        while (next < counts.Length && counts[next] == 0)
        {
            next++;
        }

        if (next == counts.Length)
        {
            return false;
        }

        var start = next;
        var last = next;
        for (; next < counts.Length && next - last <= 3; next++)
        {
            last = counts[next] != 0 ? next : last;
        }

        next = last + 1;
        length = next - start;
        return true;
    }

    // Exemplar: label 1, value 2, timestamp 3 { seconds 1, nanos 2 }.
    private static void Exemplar(ProtoWriter writer, in Exemplar exemplar, double microsPerUnit)
    {
        var at = writer.Begin(3);
        Label(writer, "trace_id", $"{exemplar.High:x16}{exemplar.Low:x16}");
        Label(writer, "span_id", $"{exemplar.Span:x16}");
        writer.DoubleAlways(2, exemplar.Micros / microsPerUnit);
        var time = writer.Begin(3);
        var ticks = exemplar.UtcTicks - DateTime.UnixEpoch.Ticks;
        writer.Int(1, ticks / TimeSpan.TicksPerSecond);
        writer.Int(2, ticks % TimeSpan.TicksPerSecond * 100);
        writer.End(time);
        writer.End(at);
    }
}
