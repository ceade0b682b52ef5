using System.Net.Sockets;
using Pillion.Net.Sockets;

namespace Pillion.Net.Portable;

/// <summary>.NET's socket errors to our few words.</summary>
internal static class PortableErrors
{
    public static IoResult Result(SocketError error) => IoResult.Fail(Map(error), (int)error);

    public static IoError Map(SocketError error) => error switch
    {
        SocketError.Success => IoError.None,
        SocketError.ConnectionReset or SocketError.ConnectionAborted or SocketError.Shutdown or SocketError.NetworkReset => IoError.Reset,
        // AddressNotAvailable is what .NET makes of ENOENT: the path of a Unix socket that nobody has bound.
        SocketError.ConnectionRefused => IoError.Refused,
        SocketError.TimedOut => IoError.TimedOut,
        SocketError.NetworkUnreachable or SocketError.HostUnreachable or SocketError.HostDown or SocketError.NetworkDown => IoError.Unreachable,
        SocketError.TooManyOpenSockets or SocketError.NoBufferSpaceAvailable or SocketError.WouldBlock => IoError.Exhausted,
        SocketError.AddressAlreadyInUse => IoError.AddressInUse,
        SocketError.AccessDenied => IoError.NotPermitted,
        SocketError.OperationAborted or SocketError.Interrupted => IoError.Closed,
        _ => IoError.Other,
    };
}
