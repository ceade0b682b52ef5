using Pillion.Net.Memory;

namespace Pillion.Proxy.Forwarding.Coding;

/// <summary>What a stream of the system library may read now. Nothing there is no end: more may come.</summary>
internal sealed class GivenBytes : Stream
{
    public Slab? Input { get; set; }

    /// <summary>Bytes of the input that are left.</summary>
    public int Count { get; set; }

    /// <summary>Bytes that were read altogether.</summary>
    public long Taken { get; private set; }

    /// <summary>The last eight of them, the last one highest.</summary>
    public ulong Last { get; private set; }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(Span<byte> buffer)
    {
        var count = Math.Min(Count, buffer.Length);
        if (count == 0)
        {
            return 0;
        }

        var bytes = Input!.Filled[..count];
        bytes.CopyTo(buffer);
        foreach (var last in bytes[Math.Max(0, count - 8)..])
        {
            Last = (Last >> 8) | ((ulong)last << 56);
        }

        Input.Consume(count);
        Count -= count;
        Taken += count;
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
