using System.Text.RegularExpressions;
using Xunit;

namespace Pillion.Tests.ArchitectureTests;

/// <summary>What the documents point at exists.</summary>
public sealed partial class DocumentTests
{
    // The folders a path may begin with; anything else between backticks is a word, a command or a configuration key.
    private static readonly string[] Roots = ["src/", "tests/", "bench/", "samples/", "docs/", "changes/", ".ci/", ".github/"];

    // Written by a build or a run, and never part of a clone.
    private static readonly string[] Made = ["bench/work/", "bench/work"];

    public static TheoryData<string> Documents => [.. new[] { "README.md", "ARCHITECTURE.md", "CONTRIBUTING.md" }
        .Concat(Markdown("docs"))
        .Concat(Markdown("changes"))];

    [Fact]
    public void The_architecture_page_names_paths() => Assert.NotEmpty(PathsIn("ARCHITECTURE.md"));

    [Fact]
    public void Every_source_project_is_on_the_architecture_page()
    {
        var page = File.ReadAllText(Repository.PathOf("ARCHITECTURE.md"));
        foreach (var folder in Directory.EnumerateDirectories(Repository.PathOf("src")))
        {
            var name = $"`src/{Path.GetFileName(folder)}/`";
            Assert.True(page.Contains(name, StringComparison.Ordinal), $"ARCHITECTURE.md does not name {name}");
        }
    }

    [Theory]
    [MemberData(nameof(Documents))]
    public void Every_path_a_document_names_exists(string document)
    {
        var missing = PathsIn(document).Where(static path => !Exists(Repository.PathOf(path))).ToList();
        Assert.True(missing.Count == 0, $"{document} names what is not there: {string.Join(", ", missing)}");
    }

    [Theory]
    [MemberData(nameof(Documents))]
    public void Every_relative_link_in_a_document_leads_somewhere(string document)
    {
        var folder = Path.GetDirectoryName(Repository.PathOf(document))!;
        var missing = Links().Matches(File.ReadAllText(Repository.PathOf(document)))
            .Select(static match => match.Groups["target"].Value)
            .Where(target => !target.Contains("://", StringComparison.Ordinal) && !target.StartsWith('#'))
            .Where(target => !Exists(Path.Combine(folder, target.Split('#')[0])))
            .ToList();
        Assert.True(missing.Count == 0, $"{document} links to what is not there: {string.Join(", ", missing)}");
    }

    private static List<string> PathsIn(string document) => [.. Code().Matches(File.ReadAllText(Repository.PathOf(document)))
        .Select(static match => match.Groups["code"].Value)
        .Where(static code => IsPath(code))
        .Distinct()];

    private static bool IsPath(string code) =>
        !code.AsSpan().ContainsAny(" <>*…{}")
        && !Made.Contains(code)
        && (Roots.Any(root => code.StartsWith(root, StringComparison.Ordinal)) || RootFile().IsMatch(code));

    private static bool Exists(string path) => File.Exists(path) || Directory.Exists(path);

    private static IEnumerable<string> Markdown(string folder) => Directory
        .EnumerateFiles(Repository.PathOf(folder), "*.md", SearchOption.AllDirectories)
        .Select(file => Path.GetRelativePath(Repository.Root, file))
        .Order(StringComparer.Ordinal);

    [GeneratedRegex("`(?<code>[^`\n]+)`", RegexOptions.NonBacktracking)]
    private static partial Regex Code();

    [GeneratedRegex(@"\]\((?<target>[^)\s]+)\)", RegexOptions.NonBacktracking)]
    private static partial Regex Links();

    [GeneratedRegex(@"\A(\./)?[A-Za-z.]+\.(sh|md|txt|props|slnx)\z", RegexOptions.NonBacktracking)]
    private static partial Regex RootFile();
}
