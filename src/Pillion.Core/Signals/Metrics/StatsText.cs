using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Pillion.Core.Signals.Metrics;

/// <summary>The metrics as Envoy's <c>/stats</c> prints them: names in dots, one a line or as JSON.</summary>
internal static class StatsText
{
    private static readonly double[] Quantiles = [0.5, 0.9, 0.99, 0.999];

    /// <param name="filter">Part of a name; only lines that contain it are written.</param>
    public static void Write(IBufferWriter<byte> output, MetricRegistry registry, bool usedOnly = true, string? filter = null)
    {
        foreach (var (name, series, _) in Lines(registry, usedOnly, filter))
        {
            Encoding.UTF8.GetBytes($"{name}: {(series.Buckets is null ? Number(series.Value) : Summary(series))}\n", output);
        }
    }

    /// <summary><c>{"stats":[{"name":"cluster.orders.upstream_rq_total","value":12},…]}</c>, as Envoy's <c>/stats?format=json</c>.</summary>
    public static void WriteJson(IBufferWriter<byte> output, MetricRegistry registry, bool usedOnly = true, string? filter = null)
    {
        using var json = new Utf8JsonWriter(output);
        json.WriteStartObject();
        json.WriteStartArray("stats");
        foreach (var (name, series, _) in Lines(registry, usedOnly, filter))
        {
            json.WriteStartObject();
            json.WriteString("name", name);
            if (series.Buckets is null)
            {
                json.WriteNumber("value", series.Value);
            }
            else
            {
                json.WriteNumber("count", series.Samples);
                json.WriteNumber("sum_ms", series.SumMicros / 1000.0);
                foreach (var quantile in Quantiles)
                {
                    json.WriteNumber($"p{quantile * 100:0.#}_ms", Quantile(series, quantile));
                }
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>The value below which a share of the samples lies, in milliseconds: linear inside its bucket, as Prometheus' histogram_quantile estimates it.</summary>
    public static double Quantile(MetricSeries series, double share)
    {
        var buckets = series.Buckets!;
        var bounds = DurationHistogram.Bounds;
        var rank = share * series.Samples;
        double below = 0;
        for (var i = 0; i < bounds.Length; i++)
        {
            if (below + buckets[i] >= rank && buckets[i] > 0)
            {
                var lower = i == 0 ? 0 : bounds[i - 1];
                return (lower + ((bounds[i] - lower) * (rank - below) / buckets[i])) / 1000.0;
            }

            below += buckets[i];
        }

        return series.Samples == 0 ? 0 : bounds[^1] / 1000.0;
    }

    private static IEnumerable<(string Name, MetricSeries Series, MetricFamily Family)> Lines(MetricRegistry registry, bool usedOnly, string? filter) =>
        registry.Collect(usedOnly)
            .SelectMany(family => family.Series.Select(series => (Name: Dotted(family, series), series, family)))
            .Where(line => filter is null || line.Name.Contains(filter, StringComparison.Ordinal))
            .OrderBy(line => line.Name, StringComparer.Ordinal);

    // Envoy replaces the colon, which ends a name here; a line break in an owner's name would end the line.
    private static string Dotted(MetricFamily family, MetricSeries series)
    {
        var owner = series.Owner.Replace(':', '_').ReplaceLineEndings("_");
        return owner.Length == 0 ? $"{family.Scope.Name}.{series.DottedName}" : $"{family.Scope.Name}.{owner}.{series.DottedName}";
    }

    private static string Summary(MetricSeries series)
    {
        if (series.Samples == 0)
        {
            return "No recorded values";
        }

        var text = new StringBuilder();
        foreach (var quantile in Quantiles)
        {
            text.Append(CultureInfo.InvariantCulture, $"P{quantile * 100:0.#}({Quantile(series, quantile):0.###}) ");
        }

        return text.Append(CultureInfo.InvariantCulture, $"count({series.Samples}) sum_ms({series.SumMicros / 1000.0:0.###})").ToString();
    }

    private static string Number(double value) => value.ToString(Math.Floor(value) == value ? "F0" : "R", CultureInfo.InvariantCulture);
}
