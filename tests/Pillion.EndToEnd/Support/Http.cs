using System.Net;
using System.Net.Http;
using System.Net.Sockets;

namespace Pillion.EndToEnd.Support;

/// <summary>.NET's own client, to a port or a Unix socket.</summary>
internal static class Http
{
    public static HttpClient Client(int port) => Client($"127.0.0.1:{port}");

    /// <param name="address">HOST:PORT or unix:/path.</param>
    public static HttpClient Client(string address)
    {
        var isUnix = address.StartsWith("unix:", StringComparison.Ordinal);
        var handler = new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false, UseCookies = false };
        if (isUnix)
        {
            handler.ConnectCallback = async (_, cancellationToken) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(address[5..]), cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            };
        }

        return new HttpClient(handler) { BaseAddress = new Uri(isUnix ? "http://localhost/" : $"http://{address}/"), Timeout = Eventually.Limit };
    }

    /// <summary>A client that goes through an HTTP proxy.</summary>
    public static HttpClient Through(int proxyPort) =>
        new(new SocketsHttpHandler { Proxy = new WebProxy($"http://127.0.0.1:{proxyPort}"), UseProxy = true, AllowAutoRedirect = false }) { Timeout = Eventually.Limit };
}
