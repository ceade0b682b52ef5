using System.Globalization;
using System.Text;

namespace Pillion.Load;

/// <summary>
/// Turns samples (tab-separated: measure, unit, proxy, value) into one table. "direct" is the path without a proxy.
/// </summary>
internal static class Report
{
    private static readonly string[] Usual = ["Pillion", "nginx", "HAProxy", "YARP"];

    /// <param name="proxies">Whose rows there must be, measured or not; the four of HTTP/1.1 where none is named.</param>
    public static int Run(string path, string title, string[] proxies)
    {
        string[] order = [.. proxies.Length > 0 ? proxies : Usual, "direct"];
        var samples = File.ReadLines(path).Select(static line => line.Split('\t')).Select(static parts =>
            (Measure: parts[0], Unit: parts[1], Proxy: parts[2], Value: double.Parse(parts[3], CultureInfo.InvariantCulture))).ToList();
        var text = new StringBuilder();
        text.AppendLine(title).AppendLine();
        text.AppendLine("| measure | proxy | median | min – max | Pillion ÷ this |").AppendLine("|---|---|---|---|---|");
        foreach (var measure in samples.GroupBy(static sample => (sample.Measure, sample.Unit)))
        {
            var pillion = Median(measure.Where(static sample => sample.Proxy == "Pillion"));
            foreach (var proxy in order)
            {
                var values = measure.Where(sample => sample.Proxy == proxy).ToList();
                if (values.Count == 0)
                {
                    if (proxy != "direct" && measure.All(static sample => sample.Proxy != "direct"))
                    {
                        text.AppendLine(CultureInfo.InvariantCulture, $"| {measure.Key.Measure} | {proxy} | not measured | | |");
                    }

                    continue;
                }

                var median = Median(values);
                var ratio = proxy is "Pillion" or "direct" || double.IsNaN(pillion) || median <= 0 || pillion <= 0
                    ? ""
                    : (pillion / median).ToString("F2", CultureInfo.InvariantCulture);
                text.AppendLine(CultureInfo.InvariantCulture,
                    $"| {measure.Key.Measure} | {proxy} | {median:0.0##} {measure.Key.Unit} | {values.Min(static v => v.Value):0.0##} – {values.Max(static v => v.Value):0.0##} | {ratio} |");
            }
        }

        Console.Write(text);
        return 0;
    }

    private static double Median(IEnumerable<(string Measure, string Unit, string Proxy, double Value)> samples)
    {
        var sorted = samples.Select(static sample => sample.Value).Order().ToArray();
        return sorted.Length switch
        {
            0 => double.NaN,
            var count when count % 2 == 1 => sorted[count / 2],
            var count => (sorted[(count / 2) - 1] + sorted[count / 2]) / 2,
        };
    }
}
