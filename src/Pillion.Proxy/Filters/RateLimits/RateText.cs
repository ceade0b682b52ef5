using System.Globalization;
using Pillion.Core.Configuration.Reading;

namespace Pillion.Proxy.Filters.RateLimits;

/// <summary>Rates as people write them: <c>100/s</c>, <c>5/min</c>, <c>1000/h</c>, <c>20/10s</c>.</summary>
internal static class RateText
{
    public const string Remedy = "use a form such as 100/s, 30/min, 1000/h or 20/10s";

    public static bool TryParse(string text, out int tokens, out TimeSpan interval)
    {
        interval = default;
        var slash = text.IndexOf('/');
        if (slash < 0 || !int.TryParse(text.AsSpan(0, slash), NumberStyles.None, CultureInfo.InvariantCulture, out tokens) || tokens == 0)
        {
            tokens = 0;
            return false;
        }

        var unit = text[(slash + 1)..];
        unit = unit == "min" ? "m" : unit;
        return DurationText.TryParse(unit.Length > 0 && char.IsAsciiLetter(unit[0]) ? "1" + unit : unit, out interval)
            && interval >= TimeSpan.FromMilliseconds(1) && interval <= DurationText.Longest;
    }
}
