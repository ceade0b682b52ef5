using System.Buffers;
using Pillion.Net.Memory;

namespace Pillion.Proxy.Forwarding.Coding;

/// <summary>Takes what a stream of the system library writes, until there is room for it elsewhere. It holds what one piece of input becomes, no more.</summary>
internal sealed class CodedBytes : Stream
{
    private const int FirstBytes = 16 * 1024;

    private byte[] _bytes = [];
    private int _start;
    private int _end;

    /// <summary>What is written from now on is dropped.</summary>
    public bool IsClosed { get; set; }

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        if (IsClosed)
        {
            return;
        }

        if (_bytes.Length - _end < buffer.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(FirstBytes, _end + buffer.Length));
            _bytes.AsSpan(0, _end).CopyTo(larger);
            Return();
            _bytes = larger;
        }

        buffer.CopyTo(_bytes.AsSpan(_end));
        _end += buffer.Length;
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    /// <summary>True when nothing is left.</summary>
    public bool MoveTo(Slab output)
    {
        var count = Math.Min(_end - _start, output.Free.Length);
        output.TryAppend(_bytes.AsSpan(_start, count));
        _start += count;
        if (_start < _end)
        {
            return false;
        }

        _start = _end = 0;
        return true;
    }

    public void Clear()
    {
        Return();
        _bytes = [];
        _start = _end = 0;
    }

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    private void Return()
    {
        if (_bytes.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_bytes);
        }
    }
}
