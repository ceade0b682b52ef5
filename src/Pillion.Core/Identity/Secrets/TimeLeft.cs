namespace Pillion.Core.Identity.Secrets;

/// <summary>A time to come as people say it, rounded down to its two largest units.</summary>
internal static class TimeLeft
{
    public static string Of(TimeSpan left) =>
        left.TotalDays >= 3 ? $"{(int)left.TotalDays} days" :
        left.TotalHours >= 3 ? $"{(int)left.TotalHours} h {left.Minutes} min" :
        left.TotalMinutes >= 3 ? $"{(int)left.TotalMinutes} min" :
        $"{Math.Max(0, (int)left.TotalSeconds)} s";
}
