using System.Buffers.Text;
using System.Net.Sockets;

namespace Pillion.Load;

/// <summary>Reads one HTTP/1.1 response off a keep-alive connection: Content-Length or chunked, nothing else.</summary>
internal sealed class ResponseReader(Socket socket, TlsConnection? tls = null)
{
    private readonly byte[] _buffer = new byte[64 * 1024];
    private int _length;

    public ResponseReader(Wire wire)
        : this(wire.Socket, wire.Tls)
    {
    }

    /// <summary>The status, blocking until the whole body is here; 0 when the connection ended first.</summary>
    public int Read()
    {
        while (true)
        {
            if (TryTake(out var status))
            {
                return status;
            }

            var received = tls is null ? socket.Receive(_buffer.AsSpan(_length)) : tls.Receive(_buffer.AsSpan(_length));
            if (received == 0)
            {
                return 0;
            }

            _length += received;
        }
    }

    public async ValueTask<int> ReadAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            if (TryTake(out var status))
            {
                return status;
            }

            var received = await socket.ReceiveAsync(_buffer.AsMemory(_length), cancellationToken);
            if (received == 0)
            {
                return 0;
            }

            _length += received;
        }
    }

    private bool TryTake(out int status)
    {
        status = 0;
        var bytes = _buffer.AsSpan(0, _length);
        var end = bytes.IndexOf("\r\n\r\n"u8);
        if (end < 0)
        {
            return false;
        }

        var head = bytes[..(end + 2)];
        var total = MessageLength(head, bytes);
        if (total < 0 || total > _length)
        {
            return total > _buffer.Length ? throw new IOException("a response longer than 64 KiB") : false;
        }

        if (!Utf8Parser.TryParse(head[9..12], out status, out _))
        {
            throw new IOException("not an HTTP/1.1 response");
        }

        bytes[total..].CopyTo(_buffer);
        _length -= total;
        return true;
    }

    private static int MessageLength(ReadOnlySpan<byte> head, ReadOnlySpan<byte> bytes)
    {
        var bodyStart = head.Length + 2;
        var length = Field(head, "content-length: "u8);
        if (!length.IsEmpty && Utf8Parser.TryParse(length, out int bodyLength, out _))
        {
            return bodyStart + bodyLength;
        }

        if (Field(head, "transfer-encoding: "u8).IsEmpty)
        {
            return bodyStart;
        }

        // Chunked without trailers, which is all the peers here send.
        var last = bytes[bodyStart..].IndexOf("0\r\n\r\n"u8);
        return last < 0 ? -1 : bodyStart + last + 5;
    }

    private static ReadOnlySpan<byte> Field(ReadOnlySpan<byte> head, ReadOnlySpan<byte> name)
    {
        while (head.IndexOf("\r\n"u8) is var lineEnd and >= 0)
        {
            if (lineEnd > name.Length && System.Text.Ascii.EqualsIgnoreCase(head[..name.Length], name))
            {
                return head[name.Length..lineEnd];
            }

            head = head[(lineEnd + 2)..];
        }

        return [];
    }
}
