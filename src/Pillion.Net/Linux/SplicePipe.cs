using Pillion.Net.Sockets;

namespace Pillion.Net.Linux;

/// <summary>
/// A pipe through which splice(2) passes bytes from one socket to another without bringing them to user space. Lent as a slab is: only while there are bytes in it.
/// </summary>
internal sealed class SplicePipe(SplicePipes pool, int readEnd, int writeEnd, int capacity)
{
    public int ReadEnd { get; } = readEnd;

    public int WriteEnd { get; } = writeEnd;

    public int Capacity { get; } = capacity;

    /// <summary>Bytes in the pipe.</summary>
    public int Length { get; internal set; }

    internal SplicePipe? NextFree { get; set; }

    /// <summary>Gives the pipe back; one with bytes in it is closed.</summary>
    public void Return() => pool.Return(this);

    /// <summary>The system will not splice here: no pipe is lent any more.</summary>
    internal void Refused() => pool.IsRefused = true;
}
