using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Pillion.Load;

/// <summary>An application that answers every GET with 100 bytes and keeps the connection; enough to stand behind a proxy.</summary>
internal static class Server
{
    private static readonly byte[] Response = Encoding.ASCII.GetBytes(
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\n" + new string('x', 99) + "\n");

    public static int Run(int port)
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, port));
        listener.Listen(4096);
        Console.WriteLine("listening");
        while (true)
        {
            _ = ServeAsync(listener.Accept());
        }
    }

    private static async Task ServeAsync(Socket connection)
    {
        using var _ = connection;
        connection.NoDelay = true;
        var buffer = new byte[16 * 1024];
        var length = 0;
        try
        {
            while (await connection.ReceiveAsync(buffer.AsMemory(length)) is var received and > 0)
            {
                length += received;
                while (buffer.AsSpan(0, length).IndexOf("\r\n\r\n"u8) is var end and >= 0)
                {
                    buffer.AsSpan(end + 4, length - end - 4).CopyTo(buffer);
                    length -= end + 4;
                    await connection.SendAsync(Response);
                }
            }
        }
        catch (SocketException)
        {
            // A client that left is the end of its connection, nothing more.
        }
    }
}
