using System.Security.Cryptography;
using Pillion.Net.Linux;

namespace Pillion.Net.Posix;

/// <summary>
/// Random bytes of the system, fit for secrets. On Linux the kernel is asked itself: .NET asks OpenSSL, which a sidecar without TLS would load for
/// nothing else, and keep resident.
/// </summary>
internal static class SystemRandom
{
    public static unsafe void Fill(Span<byte> bytes)
    {
        if (!OperatingSystem.IsLinux())
        {
            RandomNumberGenerator.Fill(bytes);
            return;
        }

        while (!bytes.IsEmpty)
        {
            nint count;
            fixed (byte* pointer = bytes)
            {
                count = Libc.GetRandom(pointer, bytes.Length, 0);
            }

            if (count > 0)
            {
                bytes = bytes[(int)count..];
            }
            else if (Errno.Last != Libc.EINTR)
            {
                RandomNumberGenerator.Fill(bytes);
                return;
            }
        }
    }

    public static byte[] GetBytes(int count)
    {
        var bytes = new byte[count];
        Fill(bytes);
        return bytes;
    }
}
