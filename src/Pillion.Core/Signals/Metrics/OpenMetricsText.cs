using System.Buffers;
using System.Globalization;
using System.Text;

namespace Pillion.Core.Signals.Metrics;

/// <summary>
/// OpenMetrics 1.0 as text: the series of <see cref="MetricText"/> in Pillion's names, with an exemplar for each bucket that has one: a sampled trace whose
/// request was as slow.
/// </summary>
internal static class OpenMetricsText
{
    public const string ContentType = "application/openmetrics-text; version=1.0.0; charset=utf-8";

    public static void Write(IBufferWriter<byte> output, MetricRegistry registry, bool usedOnly = true)
    {
        var text = new StringBuilder(16 * 1024);
        foreach (var family in registry.Collect(usedOnly).Where(family => family.Series.Count > 0))
        {
            Family(text, family);
            Encoding.UTF8.GetBytes(text.ToString(), output);
            text.Clear();
        }

        output.Write("# EOF\n"u8);
    }

    private static void Family(StringBuilder text, MetricFamily family)
    {
        // A counter's family has no suffix, and its samples have _total.
        var sample = family.PrometheusName(MetricNaming.Pillion);
        var name = family.Kind == MetricKind.Counter ? sample[..^"_total".Length] : sample;
        text.Append("# TYPE ").Append(name).Append(' ').Append(family.Kind switch { MetricKind.Counter => "counter", MetricKind.Gauge => "gauge", _ => "histogram" }).Append('\n');
        text.Append("# HELP ").Append(name).Append(' ').Append(MetricText.Escape(family.Help)).Append(".\n");
        foreach (var series in family.Series)
        {
            var labels = MetricText.Labels(family, series, envoy: false);
            if (series.Buckets is null)
            {
                MetricText.Sample(text, sample, labels, MetricText.Number(series.Value));
            }
            else
            {
                Histogram(text, name, labels, series);
            }
        }
    }

    private static void Histogram(StringBuilder text, string name, string labels, MetricSeries series)
    {
        var comma = labels.Length > 0 ? "," : "";
        long cumulated = 0;
        for (var i = 0; i < series.Buckets!.Length; i++)
        {
            cumulated += series.Buckets[i];
            var bound = i < DurationHistogram.Bounds.Length ? MetricText.Number(DurationHistogram.Bounds[i] / 1_000_000.0) : "+Inf";
            text.Append(CultureInfo.InvariantCulture, $"{name}_bucket{{{labels}{comma}le=\"{bound}\"}} {cumulated}");
            if (series.Exemplars is { } exemplars && exemplars[i].Exists)
            {
                Exemplar(text, exemplars[i]);
            }

            text.Append('\n');
        }

        MetricText.Sample(text, name + "_sum", labels, MetricText.Number(series.SumMicros / 1_000_000.0));
        MetricText.Sample(text, name + "_count", labels, MetricText.Number(cumulated));
    }

    // # {trace_id="…",span_id="…"} 0.067 1520879607.789: at most 128 characters of names and values.
    private static void Exemplar(StringBuilder text, in Exemplar exemplar) => text.Append(
        CultureInfo.InvariantCulture,
        $" # {{trace_id=\"{exemplar.High:x16}{exemplar.Low:x16}\",span_id=\"{exemplar.Span:x16}\"}} {MetricText.Number(exemplar.Micros / 1_000_000.0)} {(exemplar.UtcTicks - DateTime.UnixEpoch.Ticks) / (double)TimeSpan.TicksPerSecond:F3}");
}
