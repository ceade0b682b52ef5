using System.Globalization;
using System.Text;
using System.Text.Json;
using Pillion.Core.Signals;

namespace Pillion.Rehearsing;

/// <summary>What a rehearsal found, for a person and for a script.</summary>
internal sealed class RehearsalReport(Rehearsal rehearsal, string log, bool isAgainst)
{
    private const int Listed = 50;

    public string Text(Ink ink)
    {
        var text = new StringBuilder();
        text.Append($"{log}: {Whole(rehearsal.Requests)} requests in {Whole(rehearsal.Lines)} lines, {Whole(rehearsal.Judged)} judged\n\n");
        if (rehearsal.Different == 0)
        {
            text.Append(ink.Green(rehearsal.Judged == 0 ? "nothing could be judged" : "none of those would be decided differently")).Append('\n');
        }
        else
        {
            text.Append(ink.Red($"{Whole(rehearsal.Different)} would be decided differently:")).Append('\n');
            Groups(text, rehearsal.DifferentGroups.ToList(), ink);
        }

        var unjudged = rehearsal.UnjudgedGroups.ToList();
        if (unjudged.Count > 0)
        {
            text.Append('\n').Append(ink.Yellow($"{Whole(rehearsal.Requests - rehearsal.Judged)} not judged:")).Append('\n');
            Groups(text, unjudged, ink);
        }

        if (rehearsal.Unreadable > 0)
        {
            text.Append(rehearsal.Unreadable == 1 ? $"\nline {rehearsal.FirstUnreadable} is no JSON\n" : $"\n{Whole(rehearsal.Unreadable)} lines are no JSON, the first is line {rehearsal.FirstUnreadable}\n");
        }

        if (rehearsal.Others > 0)
        {
            text.Append(rehearsal.Others == 1 ? "\n1 line tells of a connection, not of a request\n" : $"\n{Whole(rehearsal.Others)} lines tell of connections, not of requests\n");
        }

        return text.Append(isAgainst
            ? "\nBoth configurations were asked for the route. Whom their policies would refuse, and how upstreams would answer, a log does not tell.\n"
            : "\nCompared are route, cluster, and redirects and answers of Pillion's own. Whom policies would refuse, where a redirect led, and how upstreams would answer, a log does not tell.\n").ToString();
    }

    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("log", log);
        json.WriteNumber("lines", rehearsal.Lines);
        json.WriteNumber("requests", rehearsal.Requests);
        json.WriteNumber("judged", rehearsal.Judged);
        json.WriteNumber("different", rehearsal.Different);
        json.WriteNumber("unreadable", rehearsal.Unreadable);
        json.WriteNumber("not_requests", rehearsal.Others);
        foreach (var (name, groups) in new[] { ("differences", rehearsal.DifferentGroups), ("not_judged", rehearsal.UnjudgedGroups) })
        {
            json.WriteStartArray(name);
            foreach (var group in groups)
            {
                json.WriteStartObject();
                json.WriteString(name == "differences" ? "from" : "reason", group.From);
                if (group.To.Length > 0)
                {
                    json.WriteString("to", group.To);
                }

                if (group.Source is { } source)
                {
                    json.WriteString("line_of_configuration", source);
                }

                json.WriteNumber("count", group.Count);
                json.WriteNumber("first_line", group.Line);
                json.WriteString("example", group.Example);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    private static void Groups(StringBuilder text, List<RehearsalGroup> groups, Ink ink)
    {
        var width = groups.Max(group => Whole(group.Count).Length);
        foreach (var group in groups.Take(Listed))
        {
            text.Append("  ").Append(Whole(group.Count).PadLeft(width)).Append("  ").Append(group.From).Append(group.To.Length > 0 ? $" -> {group.To}" : "")
                .Append(group.Source is { } source ? ink.Faint($"   ({source})") : "").Append('\n')
                .Append("  ").Append(' ', width + 2).Append(ink.Faint($"line {group.Line}: {group.Example}")).Append('\n');
        }

        if (groups.Count > Listed)
        {
            text.Append($"  and {groups.Count - Listed} further kinds; --json lists them\n");
        }
    }

    private static string Whole(long number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
