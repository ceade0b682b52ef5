namespace Pillion.Net.Posix;

/// <summary>A program to start; it inherits our environment and working directory.</summary>
internal sealed record SpawnOptions
{
    /// <summary>The program as typed, looked up in PATH when it has no slash, and its arguments.</summary>
    public required IReadOnlyList<string> Command { get; init; }

    /// <summary>A process group of its own, so that it and its children can be signalled together and a terminal's signals do not reach it twice.</summary>
    public bool OwnGroup { get; init; }

    /// <summary>No input and no output: /dev/null on all three that are not given below. Else ours.</summary>
    public bool Silent { get; init; }

    /// <summary>What it reads, written before.</summary>
    public MemoryFile? Input { get; init; }

    /// <summary>Where its output goes, to be read when it has ended.</summary>
    public MemoryFile? Output { get; init; }

    public MemoryFile? Error { get; init; }
}

/// <summary>The started process, or the system's error number.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
internal readonly record struct SpawnResult(ChildProcess? Child, int Error);
