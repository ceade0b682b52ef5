using Pillion.Admin;
using Pillion.Core.Configuration.Reading;
using Pillion.Core.Signals.Watching;

namespace Pillion.Watching;

/// <summary>Begins to count for the admin port, and tells what was counted; nothing is counted while nobody looks.</summary>
internal sealed class TopPage(AdminSources sources)
{
    public static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(100);
    public static readonly TimeSpan Longest = TimeSpan.FromHours(1);

    public AdminResponse Answer(AdminRequest request)
    {
        var by = request.Parameter("by") ?? "routes";
        if (!Enum.TryParse<TrafficView>(by, ignoreCase: true, out var view) || !Enum.IsDefined(view) || char.IsAsciiDigit(by[0]))
        {
            return AdminResponse.Text(400, "by is routes, clusters or peers");
        }

        var interval = TimeSpan.FromSeconds(1);
        if (request.Parameter("interval") is { } text && !(DurationText.TryParse(text, out interval) && interval >= Shortest && interval <= Longest))
        {
            return AdminResponse.Text(400, $"interval is a duration from {DurationText.Format(Shortest)} to {DurationText.Format(Longest)}");
        }

        var watch = new TrafficWatch(view, sources.Loops, sources.Time);
        return sources.Watchers.TryAdd(watch)
            ? new AdminResponse(200, "application/x-ndjson", default) { Stream = new TopStream(view, watch, sources.Watchers, sources.Metrics, interval, sources.Time) }
            : AdminResponse.Text(503, $"{RequestWatchers.Most} taps and tops are open already; end one of them");
    }
}
