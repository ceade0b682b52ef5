using System.Text;
using System.Text.Json;
using Pillion.Core.Configuration;
using Pillion.Core.Signals;

namespace Pillion.Comparing;

/// <summary>Two configurations side by side, for a person and for a script.</summary>
/// <param name="isSame">They mean the same, whatever is written differently.</param>
/// <param name="written">Empty where the two are in different formats.</param>
internal sealed class DiffReport(string oldFile, string newFile, bool isSame, bool sameFormat, IReadOnlyList<WrittenChange> written, IReadOnlyList<Consequence> consequences)
{
    public string Text(Ink ink)
    {
        var text = new StringBuilder();
        if (isSame)
        {
            return text.Append(written.Count == 0
                ? $"{oldFile} and {newFile} say the same\n"
                : $"{oldFile} and {newFile} are written differently and mean the same\n").ToString();
        }

        if (sameFormat && written.Count > 0)
        {
            text.Append(ink.Bold($"Written differently ({oldFile} -> {newFile}):")).Append('\n');
            foreach (var change in written)
            {
                text.Append("  ").Append(Sign(change.Kind, change.Path, ink)).Append(": ").Append(FromTo(change.From, change.To))
                    .Append(ink.Faint($"   ({Lines(change.OldLine, change.NewLine)})")).Append('\n');
            }

            text.Append('\n');
        }

        text.Append(ink.Bold("What it does:")).Append('\n');
        foreach (var consequence in consequences)
        {
            text.Append("  ").Append(Sign(consequence.Kind, $"{consequence.What} {consequence.Name}".TrimEnd(), ink)).Append(ink.Faint(Places(consequence))).Append('\n');
            // In the words of the file where these were shown above; else in those of the compiled settings, which are the same for both formats.
            foreach (var (path, from, to) in sameFormat ? [] : consequence.Fields)
            {
                text.Append("      ").Append(path).Append(": ").Append(FromTo(from, to)).Append('\n');
            }

            text.Append("      ").Append(consequence.Effect).Append('\n');
        }

        var count = consequences.Count;
        return text.Append('\n').Append(count == 1 ? "1 thing" : $"{count} things").Append(" would change at run time; what is not named here stays as it is, with its connections\n").ToString();
    }

    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("old", oldFile);
        json.WriteString("new", newFile);
        json.WriteBoolean("same", isSame);
        json.WriteStartArray("written");
        foreach (var change in written)
        {
            json.WriteStartObject();
            json.WriteString("change", Word(change.Kind));
            json.WriteString("path", change.Path);
            json.WriteString("from", change.From);
            json.WriteString("to", change.To);
            json.WriteNumber("old_line", change.OldLine);
            json.WriteNumber("new_line", change.NewLine);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("consequences");
        foreach (var consequence in consequences)
        {
            json.WriteStartObject();
            json.WriteString("change", Word(consequence.Kind));
            json.WriteString("what", consequence.What);
            json.WriteString("name", consequence.Name);
            json.WriteNumber("old_line", consequence.Old.Line);
            json.WriteNumber("new_line", consequence.New.Line);
            json.WriteString("effect", consequence.Effect);
            json.WriteStartArray("fields");
            foreach (var (path, from, to) in consequence.Fields)
            {
                json.WriteStartObject();
                json.WriteString("path", path);
                json.WriteString("from", from);
                json.WriteString("to", to);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static string Sign(ChangeKind kind, string what, Ink ink) => kind switch
    {
        ChangeKind.Added => ink.Green("+ " + what),
        ChangeKind.Removed => ink.Red("- " + what),
        _ => ink.Yellow("~ " + what),
    };

    private static string Word(ChangeKind kind) => kind.ToString().ToLowerInvariant();

    private static string FromTo(string? from, string? to) =>
        from is null ? to! : to is null ? $"{from} is gone" : from == to ? $"{from} -> another {to}" : $"{from} -> {to}";

    private static string Lines(int old, int now) => old == 0 ? $"line {now}" : now == 0 ? $"line {old}" : old == now ? $"line {old}" : $"line {old} -> {now}";

    private string Places(Consequence consequence)
    {
        var places = new[] { Place(oldFile, consequence.Old), Place(newFile, consequence.New) }.OfType<string>().ToList();
        return places.Count == 0 ? "" : $"   ({string.Join(" -> ", places)})";
    }

    private static string? Place(string file, SourceLine line) => line.Line == 0 ? null : $"{file}:{line.Line}";
}
