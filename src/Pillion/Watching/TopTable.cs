using System.Globalization;
using System.Text;
using System.Text.Json;
using Pillion.Core.Signals;

namespace Pillion.Watching;

/// <summary>One interval of <c>/top</c> as a table.</summary>
internal static class TopTable
{
    // All columns between the name and the newest failure, and the gap behind them.
    private const int FixedWidth = 73;
    private const int ShortestFailure = 12;

    public static string Text(string line, TopOrder order, Ink ink, int width = 160, int height = int.MaxValue)
    {
        using var document = JsonDocument.Parse(line);
        var root = document.RootElement;
        var by = root.GetProperty("by").GetString()!;
        var rows = Sort(root.GetProperty("rows").EnumerateArray(), order).ToList();
        var text = new StringBuilder();
        text.Append(ink.Bold($"{by}  ")).Append(root.GetProperty("time").GetDateTime().ToString("HH:mm:ss", CultureInfo.InvariantCulture))
            .Append(CultureInfo.InvariantCulture, $"  {rows.Sum(row => Number(row, "requests_per_second")):0.0} requests/s, {rows.Sum(row => Number(row, "failures")):0} failed, {Number(root, "active_requests"):0} under way, {Number(root, "active_connections"):0} connections\n\n");
        if (rows.Count == 0)
        {
            return text.Append("no requests\n").ToString();
        }

        var names = rows.Select(row => Name(row, rows)).ToList();
        var nameWidth = Math.Clamp(names.Max(name => name.Length), 8, Math.Max(8, Math.Min(48, width - FixedWidth)));
        text.Append(ink.Faint($"{by[..^1].ToUpperInvariant().PadRight(nameWidth)}    RATE/S   FAILED%    P50 MS    P99 MS    IN/S   OUT/S  RETRY  ACTIVE  LAST FAILURE")).Append('\n');
        var seconds = Math.Max(0.001, Number(root, "interval_ms") / 1000);
        foreach (var (row, name) in rows.Zip(names).Take(Math.Max(1, height - 3)))
        {
            var requests = Number(row, "requests");
            var share = requests == 0 ? 0 : 100 * Number(row, "failures") / requests;
            var active = row.TryGetProperty("active", out var under) ? under.GetInt64().ToString(CultureInfo.InvariantCulture) : "-";
            text.Append(Cut(name, nameWidth).PadRight(nameWidth))
                .Append(CultureInfo.InvariantCulture, $"{Number(row, "requests_per_second"),10:0.0}");
            var failed = string.Create(CultureInfo.InvariantCulture, $"{share,10:0.0}");
            text.Append(share > 0 ? ink.Red(failed) : failed)
                .Append(CultureInfo.InvariantCulture, $"{Millis(row, "p50_ms", requests),10}{Millis(row, "p99_ms", requests),10}{Size(Number(row, "bytes_received") / seconds),8}{Size(Number(row, "bytes_sent") / seconds),8}{Number(row, "retries"),7:0}{active,8}");
            if (width - nameWidth - FixedWidth is >= ShortestFailure and var room && row.TryGetProperty("last_failure", out var failure))
            {
                var at = row.GetProperty("last_failure_at").GetDateTime().ToString("HH:mm:ss", CultureInfo.InvariantCulture);
                text.Append("  ").Append(Cut($"{at} {Plain(failure.GetString()!)}", room));
            }

            text.Append('\n');
        }

        return text.ToString();
    }

    private static IEnumerable<JsonElement> Sort(IEnumerable<JsonElement> rows, TopOrder order) => order switch
    {
        TopOrder.Name => rows.OrderBy(row => row.GetProperty("name").GetString(), StringComparer.Ordinal),
        TopOrder.Failures => rows.OrderByDescending(row => Number(row, "failures")),
        TopOrder.P99 => rows.OrderByDescending(row => Number(row, "p99_ms")),
        TopOrder.Retries => rows.OrderByDescending(row => Number(row, "retries")),
        TopOrder.Bytes => rows.OrderByDescending(row => Number(row, "bytes_received") + Number(row, "bytes_sent")),
        _ => rows.OrderByDescending(row => Number(row, "requests_per_second")),
    };

    // The listener only where a name alone does not tell the rows apart.
    private static string Name(JsonElement row, List<JsonElement> rows)
    {
        var name = row.GetProperty("name").GetString()!;
        return Plain(row.TryGetProperty("listener", out var listener) && rows.Count(other => other.GetProperty("name").GetString() == name) > 1
            ? $"{name} ({listener.GetString()})"
            : name);
    }

    private static double Number(JsonElement element, string name) => element.GetProperty(name).GetDouble();

    private static string Millis(JsonElement row, string name, double requests) => requests == 0 ? "-" : Number(row, name).ToString("0.0", CultureInfo.InvariantCulture);

    private static string Size(double bytes) => bytes switch
    {
        < 1000 => bytes.ToString("0", CultureInfo.InvariantCulture),
        < 1e6 => (bytes / 1e3).ToString("0.0", CultureInfo.InvariantCulture) + "k",
        < 1e9 => (bytes / 1e6).ToString("0.0", CultureInfo.InvariantCulture) + "M",
        _ => (bytes / 1e9).ToString("0.0", CultureInfo.InvariantCulture) + "G",
    };

    private static string Cut(string text, int width) => text.Length <= width ? text : text[..(width - 1)] + "…";

    // A terminal is steered by control characters, and causes and identities come from elsewhere.
    private static string Plain(string text) => string.Concat(text.Select(c => char.IsControl(c) ? '?' : c));
}
