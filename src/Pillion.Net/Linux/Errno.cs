using System.Runtime.InteropServices;
using Pillion.Net.Sockets;

namespace Pillion.Net.Linux;

/// <summary>Error numbers of Linux to our few words.</summary>
internal static class Errno
{
    public static int Last => Marshal.GetLastPInvokeError();

    public static IoResult Result(int errno) => IoResult.Fail(Map(errno), errno);

    public static IoError Map(int errno) => errno switch
    {
        0 => IoError.None,
        Libc.ECONNRESET or Libc.EPIPE or Libc.ECONNABORTED => IoError.Reset,
        // ENOENT: the path of a Unix socket that nobody has bound is a refused connection to the one who asked.
        Libc.ECONNREFUSED or Libc.ENOENT => IoError.Refused,
        Libc.ETIMEDOUT => IoError.TimedOut,
        Libc.ENETUNREACH or Libc.EHOSTUNREACH => IoError.Unreachable,
        Libc.EMFILE or Libc.ENFILE or Libc.ENOMEM or Libc.ENOBUFS or Libc.EADDRNOTAVAIL or Libc.EAGAIN => IoError.Exhausted,
        Libc.EADDRINUSE => IoError.AddressInUse,
        Libc.EACCES or Libc.EPERM => IoError.NotPermitted,
        _ => IoError.Other,
    };
}
