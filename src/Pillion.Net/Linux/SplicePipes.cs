namespace Pillion.Net.Linux;

/// <summary>A loop's pipes for splice(2), made when they are first needed. Few: receivers that are slow keep them, and the system allows each user only so much.</summary>
internal sealed unsafe class SplicePipes : IDisposable
{
    public const int MaxLent = 32;

    private const int Kept = 8;

    // pipe(7): what everybody may have is 1 MiB for each pipe, and 64 MiB for all pipes of a user.
    private const int Capacity = 512 * 1024;

    private SplicePipe? _free;
    private int _freeCount;

    /// <summary>Pipes lent out and not yet back.</summary>
    public int Lent { get; private set; }

    /// <summary>The system has no splice, or does not let us.</summary>
    public bool IsRefused { get; set; }

    /// <summary>An empty pipe; null when there is none to be had, and bytes must be copied.</summary>
    public SplicePipe? TryRent()
    {
        if (IsRefused || Lent == MaxLent)
        {
            return null;
        }

        if (_free is { } pipe)
        {
            _free = pipe.NextFree;
            _freeCount--;
            pipe.NextFree = null;
        }
        else if ((pipe = Create()) is null)
        {
            return null;
        }

        Lent++;
        return pipe;
    }

    public void Return(SplicePipe pipe)
    {
        Lent--;
        if (pipe.Length == 0 && _freeCount < Kept)
        {
            pipe.NextFree = _free;
            _free = pipe;
            _freeCount++;
        }
        else
        {
            Close(pipe);
        }
    }

    public void Dispose()
    {
        for (; _free is not null; _free = _free.NextFree)
        {
            Close(_free);
        }

        _freeCount = 0;
    }

    private static void Close(SplicePipe pipe)
    {
        Libc.Close(pipe.ReadEnd);
        Libc.Close(pipe.WriteEnd);
    }

    private SplicePipe? Create()
    {
        var ends = stackalloc int[2];
        if (Libc.Pipe2(ends, Libc.O_NONBLOCK | Libc.O_CLOEXEC) < 0)
        {
            return null;
        }

        var pipe = new SplicePipe(this, ends[0], ends[1], Capacity);

        // Beyond the user's allowance a pipe stays small, with which copying is faster.
        if (Libc.FileControl(ends[1], Libc.F_SETPIPE_SZ, Capacity) < Capacity)
        {
            Close(pipe);
            return null;
        }

        return pipe;
    }
}
