using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;
using Pillion.EndToEnd.Support;

namespace Pillion.EndToEnd.Http2;

/// <summary>An HTTP/2 client that sends exactly the frames it is told to, however wrong they are.</summary>
internal sealed class FrameClient : IDisposable
{
    private static readonly byte[] Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray();

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] _header = new byte[9];
    private readonly List<Frame> _received = [];

    /// <summary>All frames read so far.</summary>
    public IReadOnlyList<Frame> Received => _received;

    public static async Task<FrameClient> ConnectAsync(int port)
    {
        var client = new FrameClient();
        await client._socket.ConnectAsync("127.0.0.1", port);
        return client;
    }

    /// <summary>Connects, says the preface with empty SETTINGS, and has read and acknowledged the server's.</summary>
    public static async Task<FrameClient> OpenAsync(int port)
    {
        var client = await ConnectAsync(port);
        await client.SendAsync(Preface);
        await client.SendAsync(Frame.Settings, 0, 0, []);
        await client.UntilAsync(static frame => frame is { Type: Frame.Settings, Flags: 0 }, "the server's SETTINGS");
        await client.SendAsync(Frame.Settings, Frame.Acknowledgement, 0, []);
        return client;
    }

    public async Task SendAsync(ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[await _socket.SendAsync(bytes)..];
        }
    }

    public Task SendAsync(byte type, byte flags, int stream, byte[] payload) => SendAsync(Bytes(type, flags, stream, payload));

    /// <summary>A GET, or a POST whose body follows.</summary>
    public Task RequestAsync(int stream, string path, string method = "GET", bool ends = true, params (string Name, string Value)[] fields) =>
        SendAsync(Frame.Headers, (byte)(Frame.EndHeaders | (ends ? Frame.EndStream : 0)), stream, Block([(":method", method), (":scheme", "http"), (":path", path), (":authority", "a"), .. fields]));

    /// <summary>Sends the same bytes many times, as fast as they go, until the other side has had enough or they are through.</summary>
    public async Task FloodAsync(byte[] bytes, int times)
    {
        var perBlock = Math.Max(1, 16_384 / bytes.Length);
        var block = new byte[perBlock * bytes.Length];
        for (var i = 0; i < perBlock; i++)
        {
            bytes.CopyTo(block, i * bytes.Length);
        }

        await FloodAsync(Enumerable.Repeat(block, (times + perBlock - 1) / perBlock));
    }

    public async Task FloodAsync(IEnumerable<byte[]> blocks)
    {
        try
        {
            // What comes meanwhile is left unread: a flood does not listen. A server that stops reading has stopped the flood, too.
            foreach (var block in blocks)
            {
                await SendAsync(block).WaitAsync(TimeSpan.FromSeconds(2));
            }
        }
        catch (Exception exception) when (exception is SocketException or TimeoutException)
        {
        }
    }

    /// <summary>The next frame; null at the end of the connection, however it ended.</summary>
    public async Task<Frame?> ReadAsync()
    {
        try
        {
            if (!await FillAsync(_header))
            {
                return null;
            }

            var payload = new byte[(_header[0] << 16) | (_header[1] << 8) | _header[2]];
            if (!await FillAsync(payload))
            {
                return null;
            }

            var frame = new Frame(_header[3], _header[4], BinaryPrimitives.ReadInt32BigEndian(_header.AsSpan(5)) & 0x7fff_ffff, payload);
            _received.Add(frame);
            return frame;
        }
        catch (SocketException)
        {
            return null;
        }
    }

    public async Task<Frame> UntilAsync(Func<Frame, bool> isIt, string what)
    {
        while (await Eventually.Within(ReadAsync(), what) is { } frame)
        {
            if (isIt(frame))
            {
                return frame;
            }
        }

        throw new EndOfStreamException($"the connection ended before {what}: {string.Join("; ", _received)}");
    }

    /// <summary>The frame that ends a stream or everything: GOAWAY, RST_STREAM or END_STREAM; null where the connection just ended.</summary>
    public async Task<Frame?> EndAsync(int stream = 0)
    {
        while (await Eventually.Within(ReadAsync(), "an end") is { } frame)
        {
            if (frame.Type is Frame.GoAway || (frame.Stream == stream && stream != 0 && (frame.Type is Frame.ResetStream || frame.Ends)))
            {
                return frame;
            }
        }

        return null;
    }

    public static byte[] Bytes(byte type, byte flags, int stream, params byte[] payload)
    {
        var bytes = new byte[9 + payload.Length];
        BinaryPrimitives.WriteInt32BigEndian(bytes, payload.Length << 8);
        bytes[3] = type;
        bytes[4] = flags;
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(5), stream);
        payload.CopyTo(bytes, 9);
        return bytes;
    }

    /// <summary>A header block of literals that no table remembers (RFC 7541 §6.2.2), without Huffman coding.</summary>
    public static byte[] Block(params (string Name, string Value)[] fields)
    {
        using var block = new MemoryStream();
        foreach (var (name, value) in fields)
        {
            block.WriteByte(0);
            WriteString(block, name);
            WriteString(block, value);
        }

        return block.ToArray();
    }

    public static void WriteString(MemoryStream into, string text)
    {
        var bytes = Encoding.Latin1.GetBytes(text);
        if (bytes.Length < 127)
        {
            into.WriteByte((byte)bytes.Length);
        }
        else
        {
            into.WriteByte(127);
            var rest = bytes.Length - 127;
            for (; rest >= 128; rest >>= 7)
            {
                into.WriteByte((byte)((rest & 127) | 128));
            }

            into.WriteByte((byte)rest);
        }

        into.Write(bytes);
    }

    public static byte[] Number(uint number)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, number);
        return bytes;
    }

    public static byte[] Setting(ushort name, uint value)
    {
        var bytes = new byte[6];
        BinaryPrimitives.WriteUInt16BigEndian(bytes, name);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(2), value);
        return bytes;
    }

    public void Dispose() => _socket.Dispose();

    private async Task<bool> FillAsync(byte[] buffer)
    {
        for (var filled = 0; filled < buffer.Length;)
        {
            var received = await _socket.ReceiveAsync(buffer.AsMemory(filled));
            if (received == 0)
            {
                return false;
            }

            filled += received;
        }

        return true;
    }
}
