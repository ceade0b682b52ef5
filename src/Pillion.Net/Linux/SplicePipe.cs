namespace Pillion.Net.Linux;

/// <summary>
/// A pipe through which splice(2) passes bytes from one socket to another without bringing them to user space. Lent as a slab is: only while there
/// are bytes in it.
/// </summary>
internal sealed unsafe class SplicePipe(SplicePipes pool, int readEnd, int writeEnd, int capacity)
{
    public int ReadEnd { get; } = readEnd;

    public int WriteEnd { get; } = writeEnd;

    /// <summary>Bytes in the pipe.</summary>
    public int Length { get; internal set; }

    internal SplicePipe? NextFree { get; set; }

    /// <summary>Gives the pipe back; one with bytes in it is closed.</summary>
    public void Return() => pool.Return(this);

    /// <summary>Moves what a socket has received into the empty pipe; nothing without an error is the end.</summary>
    internal int Fill(int socket, out int errno)
    {
        var count = Splice(socket, WriteEnd, capacity, out errno);
        Length += count;
        return count;
    }

    /// <summary>Moves bytes on to a socket, as many as it takes.</summary>
    internal int Drain(int socket, out int errno)
    {
        // The system raises SIGPIPE for a socket whose peer is gone, and splice has no MSG_NOSIGNAL: .NET ignores the signal.
        var count = Splice(ReadEnd, socket, Length, out errno);
        Length -= count;
        return count;
    }

    /// <summary>The system will not splice here: no pipe is lent any more.</summary>
    internal void Refused() => pool.IsRefused = true;

    private static int Splice(int from, int to, int length, out int errno)
    {
        nint count;
        do
        {
            count = Libc.Splice(from, null, to, null, length, Libc.SPLICE_F_MOVE | Libc.SPLICE_F_NONBLOCK);
            errno = count < 0 ? Errno.Last : 0;
        }
        while (errno == Libc.EINTR);
        return Math.Max(0, (int)count);
    }
}
