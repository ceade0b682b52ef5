using System.Text;
using Pillion.Core.Configuration.Reference;

namespace Pillion.Tests.Configuration;

/// <summary>Writes an outline as Markdown tables.</summary>
internal static class ReferenceTable
{
    public static void Write(OutlineSection outline, StringBuilder page, bool withMeaning)
    {
        foreach (var section in outline.All)
        {
            if (section.Name.Length > 0)
            {
                page.Append($"\n## {section.Name}\n\n");
            }

            page.Append(withMeaning ? "| setting | value | default | meaning |\n|---|---|---|---|\n" : "| field | value | default |\n|---|---|---|\n");
            foreach (var row in section.Rows)
            {
                var fallback = row.Required ? "required" : string.IsNullOrEmpty(row.Default) ? "" : $"`{row.Default}`";
                page.Append($"| `{row.Path}` | {Cell(row.Type)} | {Cell(fallback)} |");
                page.Append(withMeaning ? $" {Cell(row.Meaning)} |\n" : "\n");
            }
        }
    }

    private static string Cell(string text) => text.Replace("|", "\\|").Replace("\n", " ");
}
