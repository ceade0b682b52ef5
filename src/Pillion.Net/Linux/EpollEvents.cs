using System.Runtime.InteropServices;

namespace Pillion.Net.Linux;

/// <summary>
/// An array of struct epoll_event, whose layout differs: packed to 12 bytes on x64, 16 bytes elsewhere (data at 4 or at 8). Read by offset, so
/// that one source serves both. The kernel's header (include/uapi/linux/eventpoll.h) packs the struct only where __x86_64__ is defined; on arm64 it is
/// laid out by the ordinary rules, and a 64-bit field after a 32-bit one is aligned to 8.
/// </summary>
internal sealed unsafe class EpollEvents(int capacity) : IDisposable
{
    private static readonly int Stride = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;
    private static readonly int DataOffset = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 4 : 8;

    private readonly byte* _memory = (byte*)NativeMemory.AllocZeroed((nuint)(capacity * 16));

    public int Capacity { get; } = capacity;

    public void* Pointer => _memory;

    public uint Flags(int index) => *(uint*)(_memory + (index * Stride));

    public ulong Data(int index) => System.Runtime.CompilerServices.Unsafe.ReadUnaligned<ulong>(_memory + (index * Stride) + DataOffset);

    /// <summary>Writes one event for epoll_ctl into 16 bytes.</summary>
    public static void Write(byte* destination, uint flags, ulong data)
    {
        *(uint*)destination = flags;
        System.Runtime.CompilerServices.Unsafe.WriteUnaligned(destination + DataOffset, data);
    }

    public void Dispose() => NativeMemory.Free(_memory);
}
