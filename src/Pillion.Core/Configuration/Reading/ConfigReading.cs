using Pillion.Core.Configuration.Documents;
using Pillion.Core.Configuration.Reference;

namespace Pillion.Core.Configuration.Reading;

/// <summary>One reading of one document: where its mistakes are gathered and how its keys are spelt.</summary>
internal sealed record ConfigReading(string File, List<ConfigError> Errors)
{
    /// <summary>Keys in camelCase are read as snake_case, as protobuf's JSON form allows.</summary>
    public bool FoldCamelCase { get; init; }

    /// <summary>How an unknown key is called: "is not a setting" in our own files, "is not supported" in another program's.</summary>
    public string UnknownKey { get; init; } = "is not a setting";

    /// <summary>Where the reference is to be found, named when an unknown key resembles nothing.</summary>
    public string ReferencePage { get; init; } = "docs/reference/configuration.md";

    /// <summary>The variables that a value may name where the format has such values.</summary>
    public Func<string, string?> Environment { get; init; } = _ => null;

    /// <summary>Set when no document is read but the readers themselves are asked what they would read (the generated reference).</summary>
    public OutlineSection? Outline { get; init; }

    /// <summary>A path that stands in the document, as seen from where we are. A document that comes through a pipe lies nowhere.</summary>
    public string Locate(string path) =>
        File.StartsWith("/dev/", StringComparison.Ordinal) || Path.IsPathRooted(path) ? path : Path.Combine(Path.GetDirectoryName(File) ?? "", path);

    public void Fail(int line, int column, string path, string problem, string remedy) => Errors.Note(new(File, line, column, path, problem, remedy));

    /// <summary>A root that stands for any document: reading it gathers what would be read.</summary>
    public ConfigValue Describe(OutlineSection outline) => new(this with { Outline = outline }, null, "", 0, 0, "", required: false);

    public ConfigValue Root(ConfigNode root) => new(this, root, "", root.Line, root.Column, "", required: true);
}
