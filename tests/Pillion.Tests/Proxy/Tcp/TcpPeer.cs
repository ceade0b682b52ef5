using Pillion.Net.Memory;
using Pillion.Net.Sockets;

namespace Pillion.Tests.Proxy.Tcp;

/// <summary>One end of a connection that is relayed: sends what it is told, in order, and keeps what it gets. On its connection's loop only.</summary>
internal sealed class TcpPeer(Connection connection)
{
    private readonly Queue<(byte[] Bytes, bool End)> _toSend = [];
    private readonly MemoryStream _received = new();
    private bool _isSending;
    private bool _isReading;
    private bool _reads;

    public Connection Connection { get; } = connection;

    public byte[] Received => _received.ToArray();

    public long BytesReceived => _received.Length;

    /// <summary>The other end sent all it will.</summary>
    public bool IsEnded { get; private set; }

    /// <summary>The connection broke while it was read.</summary>
    public bool IsReset { get; private set; }

    public bool IsSending => _isSending;

    public void Send(byte[] bytes, bool end = false)
    {
        _toSend.Enqueue((bytes, end));
        if (!_isSending)
        {
            _isSending = true;
            _ = SendQueueAsync();
        }
    }

    public void End() => Send([], end: true);

    public void Read()
    {
        _reads = true;
        if (!_isReading)
        {
            _ = ReadAsync();
        }
    }

    /// <summary>Reads one piece more, at most.</summary>
    public void StopReading() => _reads = false;

    private async Task ReadAsync()
    {
        _isReading = true;
        while (_reads && !Connection.IsClosed && (await Connection.WaitReadableAsync()).IsOk && _reads)
        {
            var slab = Connection.Loop.Slabs.Rent(SlabPool.Large);
            var result = await Connection.ReceiveAsync(slab);
            _received.Write(slab.Filled);
            Connection.Loop.Slabs.Return(slab);
            IsReset |= result.Error == IoError.Reset;
            IsEnded |= result is { IsOk: true, Count: 0 };
            if (!result.IsOk || result.Count == 0)
            {
                break;
            }
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
                var slab = Connection.Loop.Slabs.Rent(count);
                slab.TryAppend(next.Bytes.AsSpan(at, count));
                var sent = await Connection.SendAsync(slab, count);
                Connection.Loop.Slabs.Return(slab);
                if (!sent.IsOk)
                {
                    _isSending = false;
                    return;
                }

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
