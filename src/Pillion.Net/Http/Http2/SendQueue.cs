using Pillion.Net.Memory;
using Pillion.Net.Sockets;

namespace Pillion.Net.Http.Http2;

/// <summary>
/// The DATA of all streams on its way out: sent at once where both windows and the write buffer have room, else in turns of one frame each,
/// so that no stream holds up the others (RFC 9113 §5.2).
/// </summary>
internal sealed class SendQueue(FrameWriter writer)
{
    public const int DefaultWindow = 65_535;

    // Those that wait for the connection's window or the buffer's room; a stream that waits for its own window is not here.
    private readonly StreamQueue _waiting = new();

    // Those that have nothing left to send and wait for the peer to read.
    private readonly StreamQueue _draining = new();

    /// <summary>What the peer lets us send on all streams together.</summary>
    public int Window { get; private set; } = DefaultWindow;

    /// <summary>No window will be opened any more: the peer has ended.</summary>
    public bool IsPeerEnded { get; set; }

    /// <summary>DATA frames sent since the connection began.</summary>
    public long DataFrames { get; private set; }

    public ValueTask<IoResult> SendAsync(Http2Stream stream, Slab slab, int count)
    {
        var left = _waiting.First is null ? Write(stream, slab, count) : count;
        if (left == 0)
        {
            writer.Schedule();
            return new ValueTask<IoResult>(IoResult.Done(count));
        }

        writer.Schedule();
        if (IsPeerEnded && (stream.SendWindow <= 0 || Window <= 0))
        {
            slab.Consume(left);
            return new ValueTask<IoResult>(IoResult.Fail(IoError.Reset));
        }

        stream.SendFrom = slab;
        stream.SendLeft = left;
        stream.SendCount = count;
        EnqueueIfReady(stream);
        return stream.Sending.Start();
    }

    /// <summary>Completes when the write buffer has room again.</summary>
    public ValueTask<IoResult> DrainAsync(Http2Stream stream)
    {
        stream.SendFrom = null;
        stream.SendLeft = stream.SendCount = 0;
        _draining.Add(stream);
        return stream.Sending.Start();
    }

    /// <summary>The peer opened the connection's window; false: wider than a window can be.</summary>
    public bool TryOpen(int increment)
    {
        if (increment > int.MaxValue - Window)
        {
            return false;
        }

        Window += increment;
        return true;
    }

    /// <summary>A stream's own window changed.</summary>
    public void WindowOpened(Http2Stream stream) => EnqueueIfReady(stream);

    /// <summary>Lets those who wait send what they can now, each one frame at a time. Runs code of others.</summary>
    public void Pump()
    {
        while (_waiting.First is { } stream)
        {
            var piece = Piece(stream, stream.SendLeft);
            if (piece == 0 && stream.SendWindow > 0)
            {
                break;
            }

            _waiting.Remove(stream);
            if (piece == 0)
            {
                // SETTINGS made its window smaller: it waits for that one now.
                continue;
            }

            WriteFrame(stream, stream.SendFrom!, piece);
            writer.Schedule();
            stream.SendLeft -= piece;
            if (stream.SendLeft == 0)
            {
                stream.SendFrom = null;
                stream.Sending.Complete(IoResult.Done(stream.SendCount));
            }
            else
            {
                EnqueueIfReady(stream);
            }
        }

        while (_draining.First is { } stream && !writer.IsCongested)
        {
            _draining.Remove(stream);
            stream.Sending.Complete(IoResult.Done(0));
        }
    }

    /// <summary>Ends the wait of a stream that can send no more. Runs code of others.</summary>
    public void Fail(Http2Stream stream, IoError error)
    {
        if (!stream.Sending.IsPending)
        {
            return;
        }

        stream.QueuedIn?.Remove(stream);
        stream.SendFrom?.Consume(stream.SendLeft);
        stream.SendFrom = null;
        stream.SendLeft = 0;
        stream.Sending.Complete(IoResult.Fail(error));
    }

    // Returns what is left.
    private int Write(Http2Stream stream, Slab slab, int count)
    {
        while (count > 0)
        {
            var piece = Piece(stream, count);
            if (piece == 0)
            {
                break;
            }

            WriteFrame(stream, slab, piece);
            count -= piece;
        }

        return count;
    }

    private int Piece(Http2Stream stream, int count)
    {
        // Larger frames, where the peer allows them, would only hold up others.
        var piece = Math.Min(Math.Min(count, FrameHeader.MinMaxLength), Math.Min(stream.SendWindow, Window));
        return piece > 0 && writer.HasRoom(piece) ? piece : 0;
    }

    private void WriteFrame(Http2Stream stream, Slab slab, int piece)
    {
        stream.WroteAt(writer.WriteData(stream.Id, slab.Filled[..piece]), writer.Generation);
        slab.Consume(piece);
        stream.SendWindow -= piece;
        Window -= piece;
        DataFrames++;
    }

    private void EnqueueIfReady(Http2Stream stream)
    {
        if (stream.SendLeft > 0 && stream.SendWindow > 0 && stream.QueuedIn is null)
        {
            _waiting.Add(stream);
        }
    }
}
