using System.Globalization;
using System.Text;
using System.Text.Json;
using Pillion.Core.Signals;
using Pillion.Core.Signals.Records;

namespace Pillion.Explaining;

/// <summary>How the newest requests of a route fared: by status, by flag, how long they took, and the newest failure told whole.</summary>
/// <param name="records">Newest first, at least one.</param>
internal sealed class RouteStory(string route, IReadOnlyList<RequestRecord> records)
{
    private const int Listed = 20;
    private const int BarWidth = 40;

    public string Text(Ink ink)
    {
        var text = new StringBuilder();
        var newest = records[0];
        var span = TimeSpan.FromTicks(newest.StartedUtcTicks - records[^1].StartedUtcTicks);
        text.Append(ink.Bold($"route {route}")).Append(newest.RouteSource.Line > 0 ? $" ({newest.RouteSource})" : "").Append('\n');
        text.Append(CultureInfo.InvariantCulture, $"the newest {records.Count} requests, within {span.TotalSeconds:0.0} s; half took {Millis(0.5)} or less, 99 of 100 {Millis(0.99)} or less\n\n");
        foreach (var (status, count) in Statuses())
        {
            var bar = new string('#', Math.Max(1, count * BarWidth / records.Count));
            text.Append(ink.Status(status, $"  {(status == 0 ? "none" : status.ToString(CultureInfo.InvariantCulture)),-5}")).Append($"{count,6}  {bar}\n");
        }

        foreach (var (flags, count) in Flagged())
        {
            text.Append($"  {count,6} with {RecordText.Flags(flags)}\n");
        }

        text.Append('\n');
        foreach (var record in records.Take(Listed))
        {
            text.Append(RecordText.Line(record)).Append('\n');
        }

        if (records.Count > Listed)
        {
            text.Append($"and {records.Count - Listed} older ones\n");
        }

        if (records.FirstOrDefault(RecordRing.IsFailure) is { } failed)
        {
            text.Append("\nThe newest failure:\n\n").Append(RecordText.Text(failed, ink));
        }

        return text.ToString();
    }

    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("route", route);
        json.WriteNumber("requests", records.Count);
        json.WriteNumber("p50_ms", Quantile(0.5) / 1000m);
        json.WriteNumber("p99_ms", Quantile(0.99) / 1000m);
        json.WriteStartObject("by_status");
        foreach (var (status, count) in Statuses())
        {
            json.WriteNumber(status.ToString(CultureInfo.InvariantCulture), count);
        }

        json.WriteEndObject();
        json.WriteStartObject("by_flags");
        foreach (var (flags, count) in Flagged())
        {
            json.WriteNumber(ResponseFlagText.ToText(flags), count);
        }

        json.WriteEndObject();
        json.WriteStartArray("newest");
        foreach (var record in records)
        {
            RecordJson.Write(json, record);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private IEnumerable<(int Status, int Count)> Statuses() =>
        records.GroupBy(record => record.Status).Select(group => (group.Key, group.Count())).OrderByDescending(group => group.Item2).ThenBy(group => group.Key);

    private IEnumerable<(ResponseFlags Flags, int Count)> Flagged() =>
        records.Where(record => record.Flags != ResponseFlags.None).GroupBy(record => record.Flags).Select(group => (group.Key, group.Count())).OrderByDescending(group => group.Item2);

    private long Quantile(double share)
    {
        var times = records.Select(record => Math.Max(0, record.DurationMicros)).Order().ToList();
        return times[Math.Clamp((int)Math.Ceiling(share * times.Count) - 1, 0, times.Count - 1)];
    }

    private string Millis(double share) => (Quantile(share) / 1000.0).ToString("0.000", CultureInfo.InvariantCulture) + " ms";
}
