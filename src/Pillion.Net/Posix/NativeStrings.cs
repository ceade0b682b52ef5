using System.Runtime.InteropServices;

namespace Pillion.Net.Posix;

/// <summary>A null-terminated array of null-terminated strings in native memory, as exec takes it.</summary>
internal sealed unsafe class NativeStrings : IDisposable
{
    private readonly int _count;

    public NativeStrings(IEnumerable<byte[]> strings)
    {
        var list = strings.ToArray();
        _count = list.Length;
        Pointer = (byte**)NativeMemory.AllocZeroed((nuint)(_count + 1), (nuint)sizeof(byte*));
        for (var i = 0; i < _count; i++)
        {
            Pointer[i] = (byte*)NativeMemory.AllocZeroed((nuint)list[i].Length + 1);
            list[i].CopyTo(new Span<byte>(Pointer[i], list[i].Length));
        }
    }

    public byte** Pointer { get; }

    public void Dispose()
    {
        for (var i = 0; i < _count; i++)
        {
            NativeMemory.Free(Pointer[i]);
        }

        NativeMemory.Free(Pointer);
    }
}
