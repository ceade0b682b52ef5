using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Pillion.Load;

/// <summary>The far end of a relay: counts what arrives and, at the sender's end of stream, tells how much it was.</summary>
internal static class Sink
{
    public static int Run(int port)
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, port));
        listener.Listen(4096);
        Console.WriteLine("listening");
        while (true)
        {
            var connection = listener.Accept();
            new Thread(() => Swallow(connection), 256 * 1024).Start();
        }
    }

    private static void Swallow(Socket connection)
    {
        using var _ = connection;
        var buffer = new byte[256 * 1024];
        var total = 0L;
        try
        {
            while (connection.Receive(buffer) is var received and > 0)
            {
                total += received;
            }

            BinaryPrimitives.WriteInt64LittleEndian(buffer, total);
            connection.Send(buffer.AsSpan(0, sizeof(long)));
        }
        catch (SocketException)
        {
            // A relay that was stopped is the end of its connections, nothing more.
        }
    }
}
