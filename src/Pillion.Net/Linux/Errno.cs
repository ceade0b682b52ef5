using System.Runtime.InteropServices;
using Pillion.Net.Sockets;

namespace Pillion.Net.Linux;

/// <summary>Error numbers of Linux to our few words.</summary>
internal static class Errno
{
    public static int Last => Marshal.GetLastPInvokeError();

    public static IoResult Result(int errno) => IoResult.Fail(Map(errno), errno);

    /// <summary>accept(2): Linux passes errors that a new connection already has on to accept; the next connection may be well.</summary>
    public static bool IsOfOneConnection(int errno) => errno is
        Libc.ECONNABORTED or Libc.EPERM or Libc.EPROTO or Libc.ENOPROTOOPT or Libc.ENETDOWN or Libc.EHOSTDOWN or Libc.ENONET or Libc.EHOSTUNREACH or Libc.ENETUNREACH;

    public static IoError Map(int errno) => errno switch
    {
        0 => IoError.None,
        Libc.ECONNRESET or Libc.EPIPE or Libc.ECONNABORTED => IoError.Reset,
        // ENOENT: the path of a Unix socket that nobody has bound is a refused connection to the one who asked.
        Libc.ECONNREFUSED or Libc.ENOENT => IoError.Refused,
        Libc.ETIMEDOUT => IoError.TimedOut,
        Libc.ENETUNREACH or Libc.EHOSTUNREACH or Libc.ENETDOWN or Libc.EHOSTDOWN => IoError.Unreachable,
        Libc.EMFILE or Libc.ENFILE or Libc.ENOMEM or Libc.ENOBUFS or Libc.EADDRNOTAVAIL or Libc.EAGAIN => IoError.Exhausted,
        Libc.EADDRINUSE => IoError.AddressInUse,
        Libc.EACCES or Libc.EPERM => IoError.NotPermitted,
        _ => IoError.Other,
    };
}
