using System.Runtime.Versioning;
using Pillion.Net.Posix;

namespace Pillion.Application;

/// <summary>Runs a command; exit code 0 is healthy. A command that is still running at the time-out is ended with all that it started.</summary>
[UnsupportedOSPlatform("windows")]
internal sealed class ExecProbe(ChildProcesses processes, IReadOnlyList<string> command) : IProbe
{
    public async Task<string?> ProbeAsync(CancellationToken cancellationToken)
    {
        var result = processes.Start(new SpawnOptions { Command = command, OwnGroup = true, Silent = true });
        if (result.Child is not { } child)
        {
            return $"'{command[0]}' cannot be started (error {result.Error})";
        }

        try
        {
            var status = await child.Exited.WaitAsync(cancellationToken).ConfigureAwait(false);
            return status.Code == 0 ? null : $"'{command[0]}' ended with {status}";
        }
        finally
        {
            child.Kill();
        }
    }
}
