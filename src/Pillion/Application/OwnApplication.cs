using System.Runtime.Versioning;
using Pillion.Core.Lifecycle;
using Pillion.Net.Posix;

namespace Pillion.Application;

/// <summary>
/// The application that <c>pillion run -- APP</c> started. It has our standard streams, environment and working directory, and is told nothing that it
/// did not ask for. It is never restarted: that is the platform's business. If we are killed with SIGKILL it lives on, as a container lives on when
/// its neighbour dies; as PID 1 of a container we take it along, as the kernel ends the whole name space.
/// </summary>
[UnsupportedOSPlatform("windows")]
internal sealed class OwnApplication : IApplication
{
    private readonly ChildProcess _process;

    private OwnApplication(ChildProcess process)
    {
        _process = process;
        Exited = CodeAsync();
    }

    public bool IsOurs => true;

    public int ProcessId => _process.Id;

    public Task<int> Exited { get; }

    /// <summary>How it ended, for the log; meaningful once <see cref="Exited"/> is complete.</summary>
    public Task<ExitStatus> Status => _process.Exited;

    /// <summary>
    /// In the foreground of a terminal it stays in our process group: it may read the terminal, and job control and Ctrl-C reach us both. Everywhere
    /// else it leads a group of its own, so that what it started can be ended with it.
    /// </summary>
    public static ApplicationStart Start(ChildProcesses processes, IReadOnlyList<string> command, bool shareTerminal)
    {
        var result = processes.Start(new SpawnOptions { Command = command, OwnGroup = !shareTerminal });
        return result.Child is { } child ? new(new OwnApplication(child), "", 0) : Explain(command[0], result.Error);
    }

    public ValueTask<bool> IsGoneAsync(CancellationToken cancellationToken) => new(Exited.IsCompleted);

    public void RequestExit(int signal) => _process.Signal(signal);

    public void PassOn(int signal) => _process.Signal(signal);

    public void Kill() => _process.Kill();

    private async Task<int> CodeAsync() => (await _process.Exited.ConfigureAwait(false)).Code;

    // 127 and 126 as a shell has them: not found, and found but not to be run.
    private static ApplicationStart Explain(string program, int error)
    {
        const int noEntry = 2, badFormat = 8, noAccess = 13, isDirectory = 21, argumentsTooLong = 7;
        return error switch
        {
            noEntry when program.Contains('/') && File.Exists(program) => new(null, $"cannot start '{program}': the interpreter that it names does not exist", 127),
            noEntry when program.Contains('/') => new(null, $"cannot start '{program}': there is no such file", 127),
            noEntry => new(null, $"cannot start '{program}': not found in PATH", 127),
            noAccess => new(null, $"cannot start '{program}': it is not an executable file, or permission is denied", 126),
            badFormat => new(null, $"cannot start '{program}': it is not a program for this machine; a script needs a first line such as #!/bin/sh", 126),
            isDirectory => new(null, $"cannot start '{program}': it is a directory", 126),
            argumentsTooLong => new(null, $"cannot start '{program}': its arguments and environment are too long", 126),
            _ => new(null, $"cannot start '{program}': the system reports error {error}", 126),
        };
    }
}
