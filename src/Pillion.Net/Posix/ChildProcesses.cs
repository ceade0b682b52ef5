using System.Runtime.InteropServices;
using System.Text;

namespace Pillion.Net.Posix;

/// <summary>
/// Starts processes and collects their exit statuses. As PID 1 (<paramref name="reapOrphans"/>) it also collects the orphans that the kernel hands to init,
/// which would stay zombies for ever. We do not use <see cref="System.Diagnostics.Process"/>: it cannot reap what it did not start, waiting for any
/// child beside it would steal its statuses, and it cannot give a child a process group.
/// </summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
internal sealed unsafe class ChildProcesses : IDisposable
{
    private const int NoChildren = 10; // ECHILD

    private readonly Lock _lock = new();
    private readonly Dictionary<int, ChildProcess> _running = [];
    private readonly PosixSignalRegistration? _childChanged;
    private readonly SemaphoreSlim _started = new(0);
    private readonly bool _reapOrphans;
    private long _orphans;

    public ChildProcesses(bool reapOrphans)
    {
        _reapOrphans = reapOrphans;
        if (!reapOrphans)
        {
            _childChanged = PosixSignalRegistration.Create(PosixSignal.SIGCHLD, _ => Collect());
            return;
        }

        // As PID 1, .NET's own handler of SIGCHLD reaps every child and drops its status. Registering makes sure that the handler is installed, once and
        // for all; then it is taken out, and a thread waits in its place.
        PosixSignalRegistration.Create(PosixSignal.SIGCHLD, static _ => { }).Dispose();
        SpawnCalls.SetSignalAction(PosixSignals.ChildChanged, PosixSignals.DefaultAction);
        new Thread(Reap) { IsBackground = true, Name = "pillion-reaper" }.Start();
    }

    /// <summary>Orphans collected so far.</summary>
    public long Orphans => Interlocked.Read(ref _orphans);

    public SpawnResult Start(SpawnOptions options)
    {
        ChildProcess child;

        // The child may end before it is in the table; whoever collects waits here until it is.
        lock (_lock)
        {
            var error = SpawnUnderLock(options, out var id);
            if (error != 0)
            {
                return new SpawnResult(null, error);
            }

            child = new ChildProcess(this, id, options.OwnGroup);
            _running.Add(id, child);
        }

        if (_reapOrphans)
        {
            _started.Release();
        }
        else
        {
            // A SIGCHLD that came in between has found nobody to tell.
            Collect();
        }

        return new SpawnResult(child, 0);
    }

    public void Dispose() => _childChanged?.Dispose();

    internal bool Signal(ChildProcess child, int signal)
    {
        // Under the lock nobody collects it, so the number cannot have passed to another process.
        lock (_lock)
        {
            return _running.ContainsKey(child.Id) && SpawnCalls.Kill(child.Id, signal) == 0;
        }
    }

    internal void Kill(ChildProcess child, bool withGroup)
    {
        lock (_lock)
        {
            // Only while it runs: afterwards the number of its group may be another's.
            if (_running.ContainsKey(child.Id))
            {
                SpawnCalls.Kill(withGroup ? -child.Id : child.Id, PosixSignals.Kill);
            }
        }
    }

    // Waits for any child, ours or an orphan, for as long as the process lives.
    private void Reap()
    {
        while (true)
        {
            int status;
            var id = SpawnCalls.Wait(-1, &status, 0);
            if (id > 0)
            {
                lock (_lock)
                {
                    if (!CompleteUnderLock(id, status))
                    {
                        _orphans++;
                    }
                }
            }
            else if (Marshal.GetLastPInvokeError() == NoChildren)
            {
                // Orphans come only from what we started, or from a shell that somebody attached: looked for at leisure.
                _started.Wait(TimeSpan.FromSeconds(1));
            }
        }
    }

    // Signals coalesce, so each one means "look at all of them".
    private void Collect()
    {
        lock (_lock)
        {
            foreach (var id in _running.Keys.ToArray())
            {
                int status;
                if (SpawnCalls.Wait(id, &status, SpawnCalls.NoHang) == id)
                {
                    CompleteUnderLock(id, status);
                }
            }
        }
    }

    private bool CompleteUnderLock(int id, int status)
    {
        if (!_running.Remove(id, out var child))
        {
            return false;
        }

        child.Complete(new ExitStatus(status));
        return true;
    }

    private static int SpawnUnderLock(SpawnOptions options, out int id)
    {
        var attributes = stackalloc byte[SpawnCalls.OpaqueBytes];
        var actions = stackalloc byte[SpawnCalls.OpaqueBytes];
        var defaults = stackalloc byte[SpawnCalls.OpaqueBytes];
        var mask = stackalloc byte[SpawnCalls.OpaqueBytes];
        SpawnCalls.InitAttributes(attributes);
        SpawnCalls.InitFileActions(actions);
        using var arguments = new NativeStrings(options.Command.Select(Encoding.UTF8.GetBytes));
        using var environment = new NativeStrings(OwnEnvironment.Read());
        try
        {
            // exec resets caught signals by itself but leaves ignored ones ignored, and .NET ignores SIGPIPE. What our caller ignores (nohup) stays so.
            SpawnCalls.EmptySet(defaults);
            SpawnCalls.AddToSet(defaults, PosixSignals.Pipe);
            SpawnCalls.SetDefaults(attributes, defaults);
            SpawnCalls.EmptySet(mask);
            SpawnCalls.SetMask(attributes, mask);
            SpawnCalls.SetGroup(attributes, 0);
            SpawnCalls.SetFlags(attributes, (short)(SpawnCalls.SetDefaultSignals | SpawnCalls.SetSignalMask | (options.OwnGroup ? SpawnCalls.SetProcessGroup : 0)));
            MemoryFile?[] files = [options.Input, options.Output, options.Error];
            fixed (byte* nowhere = "/dev/null\0"u8)
            {
                for (var fd = 0; fd <= 2; fd++)
                {
                    if (files[fd] is { } file)
                    {
                        SpawnCalls.AddDuplicate(actions, file.Descriptor, fd);
                    }
                    else if (options.Silent)
                    {
                        SpawnCalls.AddOpen(actions, fd, nowhere, SpawnCalls.OpenReadWrite, 0);
                    }
                }
            }

            int pid;
            var error = SpawnCalls.Spawn(&pid, arguments.Pointer[0], actions, attributes, arguments.Pointer, environment.Pointer);
            id = pid;
            return error;
        }
        finally
        {
            SpawnCalls.DestroyAttributes(attributes);
            SpawnCalls.DestroyFileActions(actions);
        }
    }
}
