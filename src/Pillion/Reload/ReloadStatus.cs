namespace Pillion.Reload;

/// <summary>What became of the configuration file, for the admin pages. One immutable value, replaced whole.</summary>
internal sealed record ReloadStatus
{
    public int Succeeded { get; init; }

    public int Failed { get; init; }

    /// <summary>When the running configuration was taken.</summary>
    public DateTimeOffset? RunningSince { get; init; }

    /// <summary>When the newest file was refused; null when it is the one that runs.</summary>
    public DateTimeOffset? RefusedAt { get; init; }

    /// <summary>Every mistake of the newest file; empty when it is the one that runs.</summary>
    public IReadOnlyList<string> Mistakes { get; init; } = [];
}
