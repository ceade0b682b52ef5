using System.Text;
using Pillion.Net.InMemory;
using Pillion.Net.Memory;
using Pillion.Net.Sockets;
using Xunit;

namespace Pillion.Tests.Support;

/// <summary>
/// One end of a memory connection that speaks exactly the bytes it is told and keeps exactly the bytes it gets: a client or an upstream.
/// Text is Latin-1, one character a byte. Each step drives the loop until nothing is left to do.
/// </summary>
internal sealed class RawPeer
{
    private readonly ProxyFixture _fixture;
    private readonly SlabPool _slabs;
    private readonly Queue<(byte[] Bytes, bool End)> _toSend = [];
    private readonly StringBuilder _received = new();
    private bool _isReading;
    private bool _isSending;
    private bool _reads;

    /// <summary>On the loop.</summary>
    public RawPeer(ProxyFixture fixture, MemoryConnection connection, SlabPool slabs, bool reads)
    {
        _fixture = fixture;
        _slabs = slabs;
        _reads = reads;
        Connection = connection;
        if (reads)
        {
            _ = ReadAsync();
        }
    }

    public MemoryConnection Connection { get; }

    /// <summary>What was received and not yet taken.</summary>
    public string Received => _received.ToString();

    /// <summary>Everything received so far, in bytes.</summary>
    public long BytesReceived { get; private set; }

    /// <summary>The other end sent all it will, in order.</summary>
    public bool IsEnded { get; private set; }

    /// <summary>The connection broke.</summary>
    public bool IsReset { get; private set; }

    /// <summary>The other end is gone, one way or the other.</summary>
    public bool IsOver => IsEnded || IsReset || Connection.IsPeerClosed;

    /// <summary>Bytes told to be sent that have not left yet.</summary>
    public bool HasUnsent => _toSend.Count > 0 || _isSending;

    /// <summary>Called on the loop after something arrived.</summary>
    public Action<RawPeer>? Arrived { get; set; }

    /// <summary>Sends text, and with <paramref name="end"/> closes the sending half behind it, in one packet.</summary>
    public RawPeer Send(string text, bool end = false) => Send(Encoding.Latin1.GetBytes(text), end);

    public RawPeer Send(byte[] bytes, bool end = false)
    {
        _fixture.OnLoop(() => SendNow(bytes, end));
        return this;
    }

    /// <summary>As <see cref="Send(string, bool)"/>, for code that is on the loop already.</summary>
    public void SendNow(byte[] bytes, bool end)
    {
        _toSend.Enqueue((bytes, end));
        if (!_isSending)
        {
            _isSending = true;
            _ = SendQueueAsync();
        }
    }

    /// <summary>Closes the sending half.</summary>
    public void End() => Send([], end: true);

    public void Close() => _fixture.OnLoop(Connection.Close);

    public void Reset() => _fixture.OnLoop(Connection.Abort);

    /// <summary>Begins to read what it did not read so far.</summary>
    public void Read() => _fixture.OnLoop(() =>
    {
        _reads = true;
        if (!_isReading)
        {
            _ = ReadAsync();
        }
    });

    /// <summary>Reads no further than one piece beyond what it has.</summary>
    public void StopReading() => _reads = false;

    /// <summary>What was received since the last call.</summary>
    public string Take()
    {
        var text = _received.ToString();
        _received.Clear();
        return text;
    }

    /// <summary>Takes one message head, up to and with its empty line.</summary>
    public string TakeHead()
    {
        var text = _received.ToString();
        var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        Assert.True(end >= 0, $"no head in '{text}'");
        _received.Remove(0, end + 4);
        return text[..(end + 4)];
    }

    /// <summary>Takes so many characters.</summary>
    public string Take(int count)
    {
        Assert.True(_received.Length >= count, $"fewer than {count} bytes in '{_received}'");
        var text = _received.ToString(0, count);
        _received.Remove(0, count);
        return text;
    }

    private async Task ReadAsync()
    {
        _isReading = true;
        while (_reads && !Connection.IsClosed && (await Connection.WaitReadableAsync(default, default)).IsOk && _reads)
        {
            var slab = _slabs.Rent(SlabPool.Large);
            var result = await Connection.ReceiveAsync(slab, default, default);
            _received.Append(Encoding.Latin1.GetString(slab.Filled));
            BytesReceived += slab.Length;
            _slabs.Return(slab);
            IsReset |= !result.IsOk && result.Error == IoError.Reset;
            IsEnded |= result.IsOk && result.Count == 0;
            if (!result.IsOk || result.Count == 0)
            {
                break;
            }

            Arrived?.Invoke(this);
        }

        _isReading = false;
    }

    private async Task SendQueueAsync()
    {
        while (_toSend.TryDequeue(out var next))
        {
            for (var at = 0; at < next.Bytes.Length && !Connection.IsClosed;)
            {
                var count = Math.Min(SlabPool.Large, next.Bytes.Length - at);
                var slab = _slabs.Rent(count);
                slab.TryAppend(next.Bytes.AsSpan(at, count));
                await Connection.SendAsync(slab, count, default, default);
                _slabs.Return(slab);
                at += count;
            }

            if (next.End)
            {
                await Connection.ShutdownAsync();
            }
        }

        _isSending = false;
    }
}
