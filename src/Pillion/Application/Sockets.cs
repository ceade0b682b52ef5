using System.Net;
using System.Net.Sockets;

namespace Pillion.Application;

/// <summary>.NET's own sockets, for the few connections that are not on a loop: probes and the command line's client.</summary>
internal static class Sockets
{
    public static Socket For(EndPoint endPoint) => endPoint is UnixDomainSocketEndPoint
        ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
        : new Socket(endPoint.AddressFamily == AddressFamily.Unspecified ? AddressFamily.InterNetwork : endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

    /// <summary>Connects to an address as people write it; names are resolved by the system.</summary>
    public static async Task<Socket> ConnectAsync(Net.Address address, CancellationToken cancellationToken)
    {
        if (address.ToEndPoint() is { } endPoint)
        {
            var socket = For(endPoint);
            try
            {
                await socket.ConnectAsync(endPoint, cancellationToken).ConfigureAwait(false);
                return socket;
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }

        SocketException? last = null;
        foreach (var ip in await Dns.GetHostAddressesAsync(address.Host, cancellationToken).ConfigureAwait(false))
        {
            try
            {
                return await ConnectAsync(new Net.Address(ip.ToString(), address.Port), cancellationToken).ConfigureAwait(false);
            }
            catch (SocketException exception)
            {
                last = exception;
            }
        }

        throw last ?? new SocketException((int)SocketError.HostNotFound);
    }

    /// <summary>A few words for people: the messages of .NET are not in the published binary.</summary>
    public static string Describe(SocketError error) => error switch
    {
        SocketError.ConnectionRefused => "connection refused",
        SocketError.ConnectionReset => "connection reset",
        SocketError.TimedOut => "timed out",
        SocketError.HostNotFound or SocketError.NoData => "the name does not resolve",
        SocketError.AddressNotAvailable => "there is no such socket",
        SocketError.NetworkUnreachable or SocketError.HostUnreachable => "unreachable",
        SocketError.AccessDenied => "permission denied",
        SocketError.AddressAlreadyInUse => "address already in use",
        _ => $"error {(int)error}",
    };
}
