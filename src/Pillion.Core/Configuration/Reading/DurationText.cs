using System.Globalization;

namespace Pillion.Core.Configuration.Reading;

/// <summary>Durations as people write them: <c>3s</c>, <c>250ms</c>, <c>1m30s</c>, <c>0.25s</c>; a bare <c>0</c> is zero.</summary>
internal static class DurationText
{
    /// <summary>Above any sensible time-out, below what timers can hold.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromDays(30);

    private static readonly (string Unit, long Ticks)[] Units =
    [
        ("d", TimeSpan.TicksPerDay), ("h", TimeSpan.TicksPerHour), ("ms", TimeSpan.TicksPerMillisecond),
        ("m", TimeSpan.TicksPerMinute), ("us", TimeSpan.TicksPerMicrosecond), ("s", TimeSpan.TicksPerSecond),
    ];

    public static bool TryParse(string text, out TimeSpan duration)
    {
        duration = TimeSpan.Zero;
        if (text == "0")
        {
            return true;
        }

        var rest = text.AsSpan();
        decimal ticks = 0;
        while (!rest.IsEmpty)
        {
            var digits = rest.IndexOfAnyExcept("0123456789.");
            if (digits <= 0 || !decimal.TryParse(rest[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
                || number > long.MaxValue / TimeSpan.TicksPerDay)
            {
                return false;
            }

            rest = rest[digits..];
            var found = false;
            foreach (var (unit, unitTicks) in Units)
            {
                if (rest.StartsWith(unit, StringComparison.Ordinal))
                {
                    ticks += number * unitTicks;
                    rest = rest[unit.Length..];
                    found = true;
                    break;
                }
            }

            if (!found)
            {
                return false;
            }
        }

        if (text.Length == 0 || ticks > TimeSpan.MaxValue.Ticks)
        {
            return false;
        }

        duration = TimeSpan.FromTicks((long)ticks);
        return true;
    }

    public static string Remedy(string text) =>
        text.Length is > 0 and < 12 && text.All(c => char.IsAsciiDigit(c) || c == '.') ? $"give it a unit: {text}s or {text}ms" : "use a form such as 3s, 250ms or 1m30s";

    public static string Format(TimeSpan duration)
    {
        if (duration == TimeSpan.Zero)
        {
            return "0s";
        }

        foreach (var (unit, unitTicks) in new[] { ("d", TimeSpan.TicksPerDay), ("h", TimeSpan.TicksPerHour), ("m", TimeSpan.TicksPerMinute), ("s", TimeSpan.TicksPerSecond) })
        {
            if (duration.Ticks % unitTicks == 0)
            {
                return string.Create(CultureInfo.InvariantCulture, $"{duration.Ticks / unitTicks}{unit}");
            }
        }

        return string.Create(CultureInfo.InvariantCulture, $"{duration.TotalMilliseconds}ms");
    }
}
