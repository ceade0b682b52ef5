namespace Pillion.EndToEnd.Support;

/// <summary>How a sidecar is started.</summary>
internal sealed record SidecarOptions
{
    public string Config { get; init; } = "";

    public string FileName { get; init; } = "pillion.yaml";

    /// <summary>A file that is there already, in place of <see cref="Config"/>.</summary>
    public string? ConfigPath { get; init; }

    public TempDirectory? Directory { get; init; }

    public string? Admin { get; init; }

    public string[] Arguments { get; init; } = [];

    public string[] Application { get; init; } = [];

    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>Shell words before the command, such as <c>ulimit -n 64; exec</c>.</summary>
    public string? Shell { get; init; }
}
