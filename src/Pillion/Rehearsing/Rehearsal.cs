using Pillion.Tapping;

namespace Pillion.Rehearsing;

/// <summary>Goes through a log once and counts what another configuration would have decided differently.</summary>
/// <param name="old">What was decided then: by this configuration; null is by what the log says.</param>
internal sealed class Rehearsal(Judge now, Judge? old)
{
    /// <summary>Groups of one kind; what finds no room is counted together.</summary>
    public const int MostGroups = 500;

    private readonly Dictionary<(string, string), RehearsalGroup> _different = [];
    private readonly Dictionary<(string, string), RehearsalGroup> _unjudged = [];

    public long Lines { get; private set; }

    /// <summary>Requests among the lines.</summary>
    public long Requests { get; private set; }

    public long Judged { get; private set; }

    public long Different { get; private set; }

    /// <summary>Lines that are no JSON object, and the first of them.</summary>
    public long Unreadable { get; private set; }

    public long FirstUnreadable { get; private set; }

    /// <summary>Lines about something else than a request: connections passed on.</summary>
    public long Others { get; private set; }

    public IEnumerable<RehearsalGroup> DifferentGroups => _different.Values.OrderByDescending(group => group.Count).ThenBy(group => group.Line);

    public IEnumerable<RehearsalGroup> UnjudgedGroups => _unjudged.Values.OrderByDescending(group => group.Count).ThenBy(group => group.Line);

    public void Run(LogLines lines, CancellationToken cancellationToken)
    {
        var request = new LoggedRequest();
        while (!cancellationToken.IsCancellationRequested && lines.TryNext(out var line))
        {
            Lines = lines.Number;
            if (line.IsEmpty)
            {
                continue;
            }

            if (LogLine.TryRead(line, request, out var isJson))
            {
                Requests++;
                Look(request);
            }
            else if (isJson)
            {
                Others++;
            }
            else
            {
                Unreadable++;
                FirstUnreadable = FirstUnreadable == 0 ? Lines : FirstUnreadable;
            }
        }
    }

    private void Look(LoggedRequest request)
    {
        if ((old is null ? Recorded.Of(request, out var reason) : old.Decide(request, out reason)) is not { } before
            || now.Decide(request, out reason) is not { } after)
        {
            Count(_unjudged, request, reason, "", source: null);
            return;
        }

        Judged++;
        if (before.DiffersFrom(after))
        {
            Different++;
            Count(_different, request, before.ToString(), after.ToString(), after.Source);
        }
        else if (old is not null && before.Settings != after.Settings)
        {
            Different++;
            Count(_different, request, before.ToString(), "the same, with other settings or policies ('pillion diff' tells which)", after.Source);
        }
    }

    private void Count(Dictionary<(string, string), RehearsalGroup> groups, LoggedRequest request, string from, string to, string? source)
    {
        var key = groups.Count < MostGroups || groups.ContainsKey((from, to)) ? (from, to) : ("others", to.Length > 0 ? "others" : "");
        if (!groups.TryGetValue(key, out var group))
        {
            groups[key] = group = new RehearsalGroup(key.Item1, key.Item2, Lines, Example(request)) { Source = source };
        }

        group.Count++;
    }

    // A terminal is steered by control characters, and clients chose these.
    private static string Example(LoggedRequest request)
    {
        var text = $"{request.Method} {request.Authority}{TapRedaction.Target(request.Target)}";
        return string.Concat((text.Length > 160 ? text[..159] + "…" : text).Select(c => char.IsControl(c) ? '?' : c));
    }
}
