using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Pillion.Load;

/// <summary>Whom to ask, and the bytes of the question.</summary>
internal sealed record Target(IPEndPoint Address, byte[] Request, ClientTls? Tls = null)
{
    public static Target Parse(string hostAndPort, string path, ClientTls? tls = null)
    {
        var address = IPEndPoint.Parse(hostAndPort);
        var request = string.Create(CultureInfo.InvariantCulture, $"GET {path} HTTP/1.1\r\nHost: {address}\r\nUser-Agent: load\r\nAccept: */*\r\n\r\n");
        return new Target(address, Encoding.ASCII.GetBytes(request), tls);
    }

    public Socket Open() => new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
}
