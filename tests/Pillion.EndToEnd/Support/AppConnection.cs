using System.Net.Sockets;
using System.Text;

namespace Pillion.EndToEnd.Support;

/// <summary>A connection to the application, read by lines and by counts.</summary>
internal sealed class AppConnection(Socket socket)
{
    private readonly byte[] _buffer = new byte[64 * 1024];
    private int _start;
    private int _end;

    public Socket Socket => socket;

    /// <summary>Set by a handler that has ended the connection itself, or turned it into something else.</summary>
    public bool IsTaken { get; set; }

    public async Task SendAsync(string text) => await SendAsync(Encoding.UTF8.GetBytes(text));

    public async Task SendAsync(ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[await socket.SendAsync(bytes)..];
        }
    }

    /// <summary>A head up to its empty line, or null when the peer has closed.</summary>
    public async Task<string?> HeadAsync()
    {
        var head = new StringBuilder();
        try
        {
            while (await LineAsync() is { Length: > 0 } line)
            {
                head.Append(line).Append("\r\n");
            }
        }
        catch (EndOfStreamException)
        {
            return null;
        }

        return head.ToString().TrimEnd();
    }

    public async Task<string> LineAsync()
    {
        var line = new StringBuilder();
        while (true)
        {
            if (_start == _end && !await FillAsync())
            {
                throw new EndOfStreamException();
            }

            var found = _buffer.AsSpan(_start, _end - _start).IndexOf((byte)'\n');
            var count = found < 0 ? _end - _start : found;
            line.Append(Encoding.Latin1.GetString(_buffer, _start, count));
            _start += found < 0 ? count : count + 1;
            if (found >= 0)
            {
                return line.ToString().TrimEnd('\r');
            }
        }
    }

    public async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(long count)
    {
        while (count > 0)
        {
            if (_start == _end && !await FillAsync())
            {
                throw new EndOfStreamException();
            }

            var part = _buffer.AsMemory(_start, (int)Math.Min(count, _end - _start));
            _start += part.Length;
            count -= part.Length;
            yield return part;
        }
    }

    /// <summary>Whatever comes next; empty at the end.</summary>
    public async Task<ReadOnlyMemory<byte>> SomeAsync()
    {
        if (_start == _end && !await FillAsync())
        {
            return default;
        }

        var part = _buffer.AsMemory(_start, _end - _start);
        _start = _end;
        return part;
    }

    private async Task<bool> FillAsync()
    {
        _start = _end = 0;
        _end = await socket.ReceiveAsync(_buffer);
        return _end > 0;
    }
}
