using System.Net;
using System.Net.Sockets;

namespace Pillion.Net;

/// <summary>An address as people write it: <c>10.0.0.1:80</c>, <c>[::1]:80</c>, <c>orders.internal:80</c> or <c>unix:/run/app.sock</c>.</summary>
/// <param name="Host">An IP address without brackets, a host name, or the path of a Unix socket.</param>
/// <param name="Port">1-65535 (0 asks the kernel for a free one when listening); -1 for a Unix socket.</param>
internal sealed record Address(string Host, int Port)
{
    public const int UnixPort = -1;

    public bool IsUnix => Port == UnixPort;

    public static Address Unix(string path) => new(path, UnixPort);

    /// <summary>Reads the written form; false when it is none of the four shapes or the port is out of range.</summary>
    public static bool TryParse(string text, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out Address? address)
    {
        address = null;
        if (text.StartsWith("unix:", StringComparison.Ordinal))
        {
            var path = text[5..];
            address = path.Length is > 0 and < 108 ? Unix(path) : null;
            return address is not null;
        }

        var colon = text.LastIndexOf(':');
        if (colon <= 0 || !ushort.TryParse(text.AsSpan(colon + 1), System.Globalization.NumberStyles.None, null, out var port))
        {
            return false;
        }

        var host = text[..colon];
        if (host is ['[', .. var inner, ']'])
        {
            if (!IPAddress.TryParse(inner, out var v6) || v6.AddressFamily != AddressFamily.InterNetworkV6)
            {
                return false;
            }

            host = inner;
        }
        else if (host.Contains(':') || host.AsSpan().ContainsAny(" /\t"))
        {
            return false;
        }

        address = new Address(host, port);
        return true;
    }

    /// <summary>The socket address when the host is an IP address or a Unix path; null when it is a name that must be resolved.</summary>
    public EndPoint? ToEndPoint() =>
        IsUnix ? new UnixDomainSocketEndPoint(Host) :
        IPAddress.TryParse(Host, out var ip) ? new IPEndPoint(ip, Port) : null;

    public override string ToString() =>
        IsUnix ? "unix:" + Host :
        Host.Contains(':') ? $"[{Host}]:{Port}" : $"{Host}:{Port}";
}
