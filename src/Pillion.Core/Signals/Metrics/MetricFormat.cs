using System.Globalization;

namespace Pillion.Core.Signals.Metrics;

/// <summary>How a scrape is answered.</summary>
internal enum MetricFormat : byte
{
    /// <summary>The Prometheus text format 0.0.4, which everybody understands.</summary>
    Text,
    OpenMetrics,
    Protobuf,
}

/// <summary>Chooses what a scraper likes best of what we have (RFC 9110 §12.5.1); text where it likes nothing.</summary>
internal static class MetricFormats
{
    public static MetricFormat Choose(string accept)
    {
        var (chosen, best) = (MetricFormat.Text, -1.0);
        foreach (var range in accept.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = range.Split(';', StringSplitOptions.TrimEntries);
            var quality = 1.0;
            foreach (var part in parts.Skip(1))
            {
                if (part.StartsWith("q=", StringComparison.OrdinalIgnoreCase))
                {
                    quality = double.TryParse(part.AsSpan(2), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) ? number : 0;
                }
            }

            // Of two that are liked the same, the first.
            if (quality > best && Of(parts) is { } format)
            {
                (chosen, best) = (format, quality);
            }
        }

        return best > 0 ? chosen : MetricFormat.Text;
    }

    private static MetricFormat? Of(string[] range) => range[0].ToLowerInvariant() switch
    {
        "application/vnd.google.protobuf" when Has(range, "proto", "io.prometheus.client.MetricFamily") && Has(range, "encoding", "delimited") => MetricFormat.Protobuf,
        "application/openmetrics-text" when !range.Any(part => part.StartsWith("version=", StringComparison.OrdinalIgnoreCase)) || Has(range, "version", "1.0.0") || Has(range, "version", "0.0.1") => MetricFormat.OpenMetrics,
        "text/plain" or "text/*" or "*/*" => MetricFormat.Text,
        _ => null,
    };

    private static bool Has(string[] range, string name, string value) => range.Any(part => part.StartsWith(name + "=", StringComparison.OrdinalIgnoreCase) && part[(name.Length + 1)..].Trim('"') == value);
}
