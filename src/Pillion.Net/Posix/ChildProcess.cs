namespace Pillion.Net.Posix;

/// <summary>A process that we started; its exit status is collected by <see cref="ChildProcesses"/>.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
internal sealed class ChildProcess(ChildProcesses owner, int id, bool hasOwnGroup)
{
    private readonly TaskCompletionSource<ExitStatus> _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public int Id => id;

    public Task<ExitStatus> Exited => _exited.Task;

    /// <summary>Sends a signal to the process alone, as a container runtime does. False when it has already ended.</summary>
    public bool Signal(int signal) => owner.Signal(this, signal);

    /// <summary>Ends the process at once and, where it leads a group, everything in it.</summary>
    public void Kill() => owner.Kill(this, hasOwnGroup);

    internal void Complete(ExitStatus status) => _exited.TrySetResult(status);
}
