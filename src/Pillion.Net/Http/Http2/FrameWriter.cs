using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Pillion.Net.Loop;
using Pillion.Net.Memory;
using Pillion.Net.Sockets;

namespace Pillion.Net.Http.Http2;

/// <summary>
/// The sending half of a connection: the frames of all its streams meet in one slab and leave with one system call at the end of the loop's
/// turn. While the peer does not read, frames gather in the next slab; DATA waits for room there, and what waits is counted.
/// </summary>
internal sealed class FrameWriter(Connection connection, Http2Settings settings, IFrameWriterOwner owner) : ITurnEnd
{
    private const int ControlFrameBytes = FrameHeader.Size + 8;

    private Slab? _out;
    private bool _isLeaving;
    private bool _isQueued;
    private int _frames;
    private int _controls;
    private int _framesLeaving;
    private int _controlsLeaving;

    // The beginning of the buffer has left so often; whoever remembers a place in it can tell whether it is still there.
    public long Generation { get; private set; }

    /// <summary>The system does not take what is sent; there is an end to what may wait.</summary>
    public bool IsCongested => _isLeaving && _out is { } waiting && waiting.Length >= SlabPool.Medium;

    public bool HasPending => _isLeaving || _out is { IsEmpty: false };

    public IoResult Failed { get; private set; }

    /// <summary>So many bytes of a DATA frame can be added now.</summary>
    public bool HasRoom(int count)
    {
        if (_out is null || _out.Length + FrameHeader.Size + count <= SlabPool.Large)
        {
            return true;
        }

        if (_isLeaving)
        {
            return false;
        }

        Leave();
        return true;
    }

    /// <summary>Room for a frame or several; follow with <see cref="Commit"/>.</summary>
    public Span<byte> Reserve(int bytes)
    {
        if (_out is null)
        {
            _out = connection.Loop.Slabs.Rent(bytes);
        }
        else if (_out.Free.Length < bytes)
        {
            _out = connection.Loop.Slabs.Grow(_out, _out.Length + bytes);
        }

        return _out.Free;
    }

    /// <summary>Counts what was written into the reserved room, and returns the place where it begins; -1 when it has left already.</summary>
    public int Commit(int bytes, int frames = 1)
    {
        var place = _out!.Length;
        var generation = Generation;
        _out.Advance(bytes);
        _frames += frames;
        if (_frames + _framesLeaving > settings.MaxOutboundFrames)
        {
            LeaveOrJudge(Http2Violation.OutboundFrameFlood);
        }

        return generation == Generation ? place : -1;
    }

    public int WriteData(int id, ReadOnlySpan<byte> data)
    {
        var room = Reserve(FrameHeader.Size + data.Length);
        new FrameHeader(data.Length, FrameType.Data, FrameFlags.None, id).Write(room);
        data.CopyTo(room[FrameHeader.Size..]);
        return Commit(FrameHeader.Size + data.Length);
    }

    /// <summary>Ends a stream: with a flag on its last frame where that has not left yet, else with an empty frame.</summary>
    public void EndStream(int id, long generation, int place)
    {
        if (place >= 0 && generation == Generation)
        {
            _out!.Filled[place + 4] |= FrameFlags.EndStream;
            return;
        }

        var room = Reserve(FrameHeader.Size);
        new FrameHeader(0, FrameType.Data, FrameFlags.EndStream, id).Write(room);
        Commit(FrameHeader.Size);
    }

    public void WriteSettingsAck()
    {
        var room = Reserve(FrameHeader.Size);
        new FrameHeader(0, FrameType.Settings, FrameFlags.Ack, 0).Write(room);
        CommitControl(FrameHeader.Size);
    }

    public void WritePing(ulong data, bool isAck)
    {
        var room = Reserve(ControlFrameBytes);
        new FrameHeader(8, FrameType.Ping, isAck ? FrameFlags.Ack : FrameFlags.None, 0).Write(room);
        BinaryPrimitives.WriteUInt64BigEndian(room[FrameHeader.Size..], data);
        CommitControl(ControlFrameBytes);
    }

    public void WriteReset(int id, Http2Error code)
    {
        var room = Reserve(FrameHeader.Size + 4);
        new FrameHeader(4, FrameType.RstStream, FrameFlags.None, id).Write(room);
        BinaryPrimitives.WriteUInt32BigEndian(room[FrameHeader.Size..], (uint)code);
        CommitControl(FrameHeader.Size + 4);
    }

    public void WriteGoAway(int lastId, Http2Error code)
    {
        var room = Reserve(ControlFrameBytes);
        new FrameHeader(8, FrameType.GoAway, FrameFlags.None, 0).Write(room);
        BinaryPrimitives.WriteInt32BigEndian(room[FrameHeader.Size..], lastId);
        BinaryPrimitives.WriteUInt32BigEndian(room[(FrameHeader.Size + 4)..], (uint)code);
        CommitControl(ControlFrameBytes);
    }

    public void WriteWindowUpdate(int id, int increment)
    {
        var room = Reserve(FrameHeader.Size + 4);
        new FrameHeader(4, FrameType.WindowUpdate, FrameFlags.None, id).Write(room);
        BinaryPrimitives.WriteInt32BigEndian(room[FrameHeader.Size..], increment);
        Commit(FrameHeader.Size + 4);
        Schedule();
    }

    /// <summary>Sends what waits by the end of this turn.</summary>
    public void Schedule()
    {
        if (!_isQueued && _out is { IsEmpty: false })
        {
            _isQueued = true;
            connection.Loop.AtTurnEnd(this);
        }
    }

    /// <summary>Sends what waits now, as far as the system takes it.</summary>
    public void SendNow()
    {
        if (!_isLeaving && !connection.IsClosed)
        {
            Leave();
        }
    }

    /// <summary>Gives back what is held; the connection is closed.</summary>
    public void Release()
    {
        if (_out is not null)
        {
            connection.Loop.Slabs.Return(_out);
            _out = null;
        }
    }

    void ITurnEnd.OnTurnEnd()
    {
        _isQueued = false;
        SendNow();
    }

    private void CommitControl(int bytes)
    {
        Commit(bytes);
        if (++_controls + _controlsLeaving > settings.MaxOutboundControlFrames)
        {
            LeaveOrJudge(Http2Violation.OutboundControlFrameFlood);
        }

        Schedule();
    }

    // Many frames of one turn are no fault of a peer that reads.
    private void LeaveOrJudge(Http2Violation violation)
    {
        SendNow();
        if (_isLeaving)
        {
            owner.OutboundFlooded(violation);
        }
    }

    private void Leave()
    {
        while (_out is { IsEmpty: false } slab && Failed.IsOk)
        {
            _out = null;
            Generation++;
            _framesLeaving = _frames;
            _controlsLeaving = _controls;
            _frames = _controls = 0;
            var send = connection.SendAsync(slab, slab.Length);
            if (!send.IsCompleted)
            {
                _isLeaving = true;
                _ = LeaveSlowlyAsync(send, slab);
                return;
            }

            Sent(send.Result, slab);
        }
    }

    // Closing the connection ends the wait, so this never outlives it.
    [AsyncMethodBuilder(typeof(PooledMethodBuilder))]
    private async ValueTask LeaveSlowlyAsync(ValueTask<IoResult> send, Slab slab)
    {
        Sent(await send, slab);
        _isLeaving = false;
        Leave();
        owner.RoomMade();
    }

    private void Sent(IoResult result, Slab slab)
    {
        connection.Loop.Slabs.Return(slab);
        _framesLeaving = _controlsLeaving = 0;
        if (!result.IsOk)
        {
            Failed = result;
            owner.SendFailed(result);
        }
    }
}

/// <summary>Is told what becomes of the frames.</summary>
internal interface IFrameWriterOwner
{
    /// <summary>Too much waits for a peer that does not read. Runs no code of others.</summary>
    void OutboundFlooded(Http2Violation violation);

    /// <summary>The system takes bytes again; may run code of others.</summary>
    void RoomMade();

    /// <summary>Runs no code of others.</summary>
    void SendFailed(IoResult result);
}
