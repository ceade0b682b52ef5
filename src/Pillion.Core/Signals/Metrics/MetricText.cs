using System.Buffers;
using System.Globalization;
using System.Text;

namespace Pillion.Core.Signals.Metrics;

/// <summary>The Prometheus text format, version 0.0.4.</summary>
internal static class MetricText
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    public static void Write(IBufferWriter<byte> output, MetricRegistry registry, MetricNaming naming = MetricNaming.Pillion, bool usedOnly = true)
    {
        var text = new StringBuilder(16 * 1024);
        foreach (var family in registry.Collect(usedOnly))
        {
            if (family.Series.Count > 0)
            {
                Family(text, family, naming);
            }

            Encoding.UTF8.GetBytes(text.ToString(), output);
            text.Clear();
        }
    }

    private static void Family(StringBuilder text, MetricFamily family, MetricNaming naming)
    {
        var name = family.PrometheusName(naming);
        text.Append("# HELP ").Append(name).Append(' ').Append(family.Help.Replace("\\", "\\\\").Replace("\n", "\\n")).Append(".\n");
        text.Append("# TYPE ").Append(name).Append(' ').Append(family.Kind switch
        {
            MetricKind.Counter => "counter",
            MetricKind.Gauge => "gauge",
            _ => "histogram",
        }).Append('\n');
        var envoy = naming == MetricNaming.Envoy && family.IsEnvoys;
        foreach (var series in family.Series)
        {
            var labels = Labels(family, series, envoy);
            if (series.Buckets is null)
            {
                Sample(text, name, labels, Number(series.Value));
            }
            else
            {
                // Envoy's histograms are in milliseconds, Prometheus' habit is seconds.
                Histogram(text, name, labels, series, envoy ? 1_000.0 : 1_000_000.0);
            }
        }
    }

    private static void Histogram(StringBuilder text, string name, string labels, MetricSeries series, double microsPerUnit)
    {
        var comma = labels.Length > 0 ? "," : "";
        long cumulated = 0;
        for (var i = 0; i < series.Buckets!.Length; i++)
        {
            cumulated += series.Buckets[i];
            var bound = i < DurationHistogram.Bounds.Length ? Number(DurationHistogram.Bounds[i] / microsPerUnit) : "+Inf";
            Sample(text, name + "_bucket", $"{labels}{comma}le=\"{bound}\"", Number(cumulated));
        }

        Sample(text, name + "_sum", labels, Number(series.SumMicros / microsPerUnit));

        // Taken from the buckets and not counted apart, so that +Inf and _count agree in every scrape.
        Sample(text, name + "_count", labels, Number(cumulated));
    }

    internal static void Sample(StringBuilder text, string name, string labels, string value)
    {
        text.Append(name);
        if (labels.Length > 0)
        {
            text.Append('{').Append(labels).Append('}');
        }

        text.Append(' ').Append(value).Append('\n');
    }

    internal static string Labels(MetricFamily family, MetricSeries series, bool envoy)
    {
        var labels = new StringBuilder();
        foreach (var (name, owner) in family.Scope.Labels(series.Owner, envoy))
        {
            labels.Append(labels.Length > 0 ? "," : "").Append(name).Append("=\"").Append(Escape(owner)).Append('"');
        }

        if (series.Label is not null)
        {
            // Envoy writes {envoy_response_code_class="2"}.
            var label = envoy ? "envoy_response_code_class" : series.Label;
            var value = envoy ? series.LabelValue![..1] : series.LabelValue!;
            labels.Append(labels.Length > 0 ? "," : "").Append(label).Append("=\"").Append(Escape(value)).Append('"');
        }

        return labels.ToString();
    }

    internal static string Escape(string value) => value.Replace("\\", "\\\\").Replace("\"", "\\\"").Replace("\n", "\\n");

    internal static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture) switch
    {
        // Counters stay whole numbers however large they are.
        var text when text.Contains('E') && Math.Floor(value) == value => value.ToString("F0", CultureInfo.InvariantCulture),
        var text => text,
    };
}
