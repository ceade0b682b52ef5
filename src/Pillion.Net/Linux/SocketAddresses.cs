using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Pillion.Net.Linux;

/// <summary>struct sockaddr_in, sockaddr_in6 and sockaddr_un as bytes; the layouts are the same on x64 and arm64 (family in host order, port in network order).</summary>
internal static class SocketAddresses
{
    public const int MaxLength = 112;

    public static int Family(EndPoint endPoint) => endPoint switch
    {
        UnixDomainSocketEndPoint => Libc.AF_UNIX,
        IPEndPoint { AddressFamily: AddressFamily.InterNetworkV6 } => Libc.AF_INET6,
        _ => Libc.AF_INET,
    };

    /// <summary>Writes the address and returns its length.</summary>
    public static int Write(EndPoint endPoint, Span<byte> destination)
    {
        destination[..MaxLength].Clear();
        BitConverter.TryWriteBytes(destination, (ushort)Family(endPoint));
        switch (endPoint)
        {
            case UnixDomainSocketEndPoint unix:
                // ToString gives the path; a leading '@' is .NET's way to show an abstract name.
                var path = unix.ToString();
                var length = Encoding.UTF8.GetBytes(path, destination[2..]);
                if (path.StartsWith('@'))
                {
                    destination[2] = 0;
                    return 2 + length;
                }

                return 2 + length + 1;
            case IPEndPoint { AddressFamily: AddressFamily.InterNetworkV6 } v6:
                BinaryPrimitives.WriteUInt16BigEndian(destination[2..], (ushort)v6.Port);
                v6.Address.TryWriteBytes(destination[8..], out _);
                BitConverter.TryWriteBytes(destination[24..], (uint)v6.Address.ScopeId);
                return 28;
            default:
                var v4 = (IPEndPoint)endPoint;
                BinaryPrimitives.WriteUInt16BigEndian(destination[2..], (ushort)v4.Port);
                v4.Address.TryWriteBytes(destination[4..], out _);
                return 16;
        }
    }

    /// <summary>The address that a socket is bound to; nothing when it cannot be told.</summary>
    public static unsafe PeerAddress LocalOf(int fd)
    {
        var address = stackalloc byte[MaxLength];
        var length = MaxLength;
        return Libc.GetSocketName(fd, address, &length) < 0 ? default : ReadPeer(new ReadOnlySpan<byte>(address, length));
    }

    public static PeerAddress ReadPeer(ReadOnlySpan<byte> address) => BitConverter.ToUInt16(address) switch
    {
        Libc.AF_INET => PeerAddress.From(address.Slice(4, 4), BinaryPrimitives.ReadUInt16BigEndian(address[2..])),
        Libc.AF_INET6 => PeerAddress.From(address.Slice(8, 16), BinaryPrimitives.ReadUInt16BigEndian(address[2..])),
        _ => PeerAddress.Unix,
    };
}
