using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Pillion.Net.Posix;

/// <summary>
/// A file without a name (memfd_create): a child's input or output without a pipe that could fill up and without a file system that could be
/// read-only. Linux only.
/// </summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
internal sealed unsafe class MemoryFile : IDisposable
{
    private const uint CloseOnExec = 1;

    private readonly SafeFileHandle _handle;

    public MemoryFile(string text = "")
    {
        fixed (byte* name = "pillion\0"u8)
        {
            var fd = SpawnCalls.CreateMemoryFile(name, CloseOnExec);
            if (fd < 0)
            {
                throw new IOException($"memfd_create failed (error {Marshal.GetLastPInvokeError()})");
            }

            _handle = new SafeFileHandle(fd, ownsHandle: true);
        }

        // By position: the place from which the child reads stays the beginning.
        RandomAccess.Write(_handle, Encoding.UTF8.GetBytes(text), 0);
    }

    internal int Descriptor => (int)_handle.DangerousGetHandle();

    /// <summary>What is in it, up to so many bytes.</summary>
    public string Read(int most)
    {
        var bytes = new byte[Math.Min(RandomAccess.GetLength(_handle), most)];
        var filled = 0;
        while (filled < bytes.Length && RandomAccess.Read(_handle, bytes.AsSpan(filled), filled) is > 0 and var read)
        {
            filled += read;
        }

        return Encoding.UTF8.GetString(bytes, 0, filled);
    }

    public void Dispose() => _handle.Dispose();
}
