using System.Runtime.CompilerServices;
using Pillion.Net.Loop;
using Pillion.Net.Memory;
using Pillion.Net.Sockets;

namespace Pillion.Benchmarks.Tls;

/// <summary>What .NET's TLS needs to run over a connection of a loop. Its handshake leaves the loop for the thread pool, and must be brought back.</summary>
internal sealed class ConnectionStream(Connection connection) : Stream
{
    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await BackAsync();
        var readable = await connection.WaitReadableAsync();
        if (!readable.IsOk || buffer.IsEmpty)
        {
            return readable.IsOk ? 0 : throw new IOException(readable.Describe());
        }

        var slab = connection.Loop.Slabs.Rent(Math.Min(buffer.Length, SlabPool.Medium));
        if (slab.Free.Length > buffer.Length)
        {
            // No more may come than the caller has room for.
            slab.Advance(slab.Free.Length - buffer.Length);
        }

        var before = slab.Length;
        var result = await connection.ReceiveAsync(slab);
        slab.Filled[before..].CopyTo(buffer.Span);
        connection.Loop.Slabs.Return(slab);
        return result.IsOk ? result.Count : throw new IOException(result.Describe());
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await BackAsync();
        var slab = connection.Loop.Slabs.Rent(buffer.Length);
        slab.TryAppend(buffer.Span);
        var result = await connection.SendAsync(slab, slab.Length);
        connection.Loop.Slabs.Return(slab);
        if (!result.IsOk)
        {
            throw new IOException(result.Describe());
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (connection.Loop.IsOnThread)
        {
            connection.Close();
        }
        else
        {
            connection.Loop.Post(connection.Close);
        }
    }

    private LoopSwitch BackAsync() => new(connection.Loop);

    /// <summary>Continues on the loop: a completed task would let its awaiter go on where it is.</summary>
    private readonly struct LoopSwitch(EventLoop loop) : INotifyCompletion
    {
        public bool IsCompleted => loop.IsOnThread;

        public LoopSwitch GetAwaiter() => this;

        public void OnCompleted(Action continuation) => loop.Post(continuation);

        public void GetResult()
        {
        }
    }
}
