using System.Globalization;
using System.Text;

namespace Pillion.Core.Signals.Records;

/// <summary>Where the time of a request went, as bars of text: each from its beginning to its end, within the whole.</summary>
internal static class TimeBars
{
    private const int Width = 40;

    public static IEnumerable<string> Of(RequestRecord record)
    {
        var whole = record.DurationMicros;
        if (whole <= 0)
        {
            yield break;
        }

        if (record.RequestReceivedMicros > 0)
        {
            yield return Bar("request in", 0, record.RequestReceivedMicros, whole);
        }

        var number = 0;
        foreach (var attempt in record.Attempts.ToArray())
        {
            number++;
            yield return Bar($"attempt {number}", attempt.StartMicros, attempt.StartMicros + attempt.DurationMicros, whole);
        }

        if (record.UpstreamStartedMicros >= 0 && record.UpstreamAnsweredMicros >= 0)
        {
            yield return Bar("to first byte", record.UpstreamStartedMicros, record.UpstreamAnsweredMicros, whole);
        }

        if (record.UpstreamAnsweredMicros >= 0)
        {
            yield return Bar("answer out", record.UpstreamAnsweredMicros, whole, whole);
        }

        yield return Bar("all", 0, whole, whole);
    }

    // The clocks of an attempt and of its request are read one after the other: an end may lie a hair outside.
    private static string Bar(string label, long from, long to, long whole)
    {
        from = Math.Clamp(from, 0, whole);
        to = Math.Clamp(to, from, whole);
        var start = (int)Math.Min(Width - 1, from * Width / whole);
        var length = Math.Clamp((int)Math.Ceiling((to - from) * (double)Width / whole), 1, Width - start);
        return new StringBuilder(label.PadRight(14)).Append('|').Append(' ', start).Append('#', length).Append(' ', Width - start - length).Append("| ")
            .Append((((to - from) / 1000.0).ToString("0.000", CultureInfo.InvariantCulture) + " ms").PadLeft(12)).ToString();
    }
}
