using System.Buffers.Binary;
using Pillion.Net.Memory;

namespace Pillion.Net.Http.Http2;

/// <summary>
/// Splits received bytes into frames and gathers field blocks. DATA is passed on as it arrives; any other frame when it is complete. It tells
/// the connection what came and runs no code of others.
/// </summary>
internal sealed class FrameReader(Http2Connection connection, SlabPool slabs, Http2Settings settings, bool expectsPreface)
{
    private static readonly byte[] Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray();

    private bool _expectsPreface = expectsPreface;
    private bool _expectsSettings = true;

    // The DATA frame whose payload is being received.
    private FrameHeader _data;
    private int _dataLeft;
    private int _paddingLeft;

    // The field block that goes on in CONTINUATION frames.
    private Slab? _block;
    private int _blockStream;
    private bool _blockEndsStream;
    private int _continuations;

    /// <summary>A field block has begun and not ended: nothing else can come before that.</summary>
    public bool IsInBlock => _blockStream != 0;

    public static ReadOnlySpan<byte> ClientPreface => Preface;

    /// <summary>Takes every frame that is here, as far as the connection wants them.</summary>
    public void Process(Slab slab)
    {
        while (!connection.IsOver && TakeOne(slab))
        {
        }
    }

    /// <summary>How large a slab must be for the frame that it begins with; 0 when any is large enough.</summary>
    public int Needs(Slab slab) => slab.Length >= FrameHeader.Size && _dataLeft + _paddingLeft == 0 ? FrameHeader.Size + FrameHeader.Read(slab.Filled).Length : 0;

    public void Release()
    {
        if (_block is not null)
        {
            slabs.Return(_block);
            _block = null;
        }
    }

    // False: more bytes are needed.
    private bool TakeOne(Slab slab)
    {
        var bytes = slab.Filled;
        if (_expectsPreface)
        {
            return TakePreface(slab);
        }

        if (_dataLeft + _paddingLeft > 0)
        {
            return TakeData(slab);
        }

        if (bytes.Length < FrameHeader.Size)
        {
            return false;
        }

        var header = FrameHeader.Read(bytes);
        if (Check(header) is var violation and not Http2Violation.None)
        {
            connection.Violate(violation);
            return false;
        }

        if (header.Type == FrameType.Data)
        {
            return TakeDataHeader(slab, header);
        }

        if (bytes.Length < FrameHeader.Size + header.Length)
        {
            return false;
        }

        TakeFrame(header, bytes.Slice(FrameHeader.Size, header.Length));
        slab.Consume(FrameHeader.Size + header.Length);
        return true;
    }

    private bool TakePreface(Slab slab)
    {
        var bytes = slab.Filled;
        var length = Math.Min(bytes.Length, Preface.Length);
        if (!bytes[..length].SequenceEqual(Preface.AsSpan(0, length)))
        {
            connection.Violate(Http2Violation.BadPreface);
            return false;
        }

        if (length < Preface.Length)
        {
            return false;
        }

        _expectsPreface = false;
        slab.Consume(length);
        return true;
    }

    // What can be told from the header alone.
    private Http2Violation Check(in FrameHeader header)
    {
        if (_expectsSettings)
        {
            // RFC 9113 §3.4.
            if (header.Type != FrameType.Settings || header.Has(FrameFlags.Ack))
            {
                return Http2Violation.NoSettingsFirst;
            }

            _expectsSettings = false;
        }

        if (header.Length > settings.MaxFrameBytes)
        {
            return Http2Violation.FrameTooLarge;
        }

        if (IsInBlock != (header.Type == FrameType.Continuation))
        {
            return IsInBlock ? Http2Violation.ContinuationExpected : Http2Violation.UnexpectedContinuation;
        }

        return IsInBlock && header.StreamId != _blockStream ? Http2Violation.ContinuationExpected : Http2Violation.None;
    }

    private bool TakeDataHeader(Slab slab, in FrameHeader header)
    {
        var isPadded = header.Has(FrameFlags.Padded);
        if (isPadded && header.Length == 0)
        {
            connection.Violate(Http2Violation.BadFrameSize);
            return false;
        }

        if (isPadded && slab.Length <= FrameHeader.Size)
        {
            return false;
        }

        var padding = isPadded ? slab.Filled[FrameHeader.Size] : 0;
        var data = header.Length - (isPadded ? 1 + padding : 0);
        if (data < 0)
        {
            // §6.1: as long as the payload or longer.
            connection.Violate(Http2Violation.BadPadding);
            return false;
        }

        slab.Consume(FrameHeader.Size + (isPadded ? 1 : 0));
        _data = header;
        _dataLeft = data;
        _paddingLeft = padding;
        connection.DataBegins(header, data);
        if (data + padding == 0)
        {
            connection.DataEnds(header);
        }

        return true;
    }

    private bool TakeData(Slab slab)
    {
        var count = Math.Min(_dataLeft, slab.Length);
        if (count > 0)
        {
            connection.DataCame(slab.Filled[..count]);
            slab.Consume(count);
            _dataLeft -= count;
        }

        if (_dataLeft > 0)
        {
            return false;
        }

        count = Math.Min(_paddingLeft, slab.Length);
        if (count > 0)
        {
            slab.Consume(count);
            _paddingLeft -= count;
        }

        if (_paddingLeft > 0)
        {
            return false;
        }

        connection.DataEnds(_data);
        return true;
    }

    private void TakeFrame(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        switch (header.Type)
        {
            case FrameType.Headers:
                TakeHeaders(header, payload);
                break;
            case FrameType.Continuation:
                TakeContinuation(header, payload);
                break;
            case FrameType.Priority:
                connection.PriorityCame(header);
                break;
            case FrameType.RstStream when payload.Length != 4:
            case FrameType.WindowUpdate when payload.Length != 4:
            case FrameType.Ping when payload.Length != 8:
            case FrameType.GoAway when payload.Length < 8:
                connection.Violate(Http2Violation.BadFrameSize);
                break;
            case FrameType.RstStream:
                connection.ResetCame(header.StreamId, (Http2Error)BinaryPrimitives.ReadUInt32BigEndian(payload));
                break;
            case FrameType.Settings:
                connection.SettingsCame(header, payload);
                break;
            case FrameType.PushPromise:
                connection.Violate(Http2Violation.PushPromise);
                break;
            case FrameType.Ping:
                connection.PingCame(header, BinaryPrimitives.ReadUInt64BigEndian(payload));
                break;
            case FrameType.GoAway:
                connection.GoAwayCame(
                    header,
                    (int)(BinaryPrimitives.ReadUInt32BigEndian(payload) & int.MaxValue),
                    (Http2Error)BinaryPrimitives.ReadUInt32BigEndian(payload[4..]));
                break;
            case FrameType.WindowUpdate:
                connection.WindowUpdateCame(header.StreamId, (int)(BinaryPrimitives.ReadUInt32BigEndian(payload) & int.MaxValue));
                break;

            // §5.5: what is not known is ignored.
        }
    }

    private void TakeHeaders(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        var padding = 0;
        if (header.Has(FrameFlags.Padded))
        {
            if (payload.IsEmpty)
            {
                connection.Violate(Http2Violation.BadFrameSize);
                return;
            }

            padding = payload[0];
            payload = payload[1..];
        }

        if (header.Has(FrameFlags.Priority))
        {
            // Read and ignored (§5.3.2).
            if (payload.Length < 5)
            {
                connection.Violate(Http2Violation.BadFrameSize);
                return;
            }

            payload = payload[5..];
        }

        if (padding > payload.Length)
        {
            connection.Violate(Http2Violation.BadPadding);
            return;
        }

        payload = payload[..^padding];
        if (connection.BlockBegins(header, isEmpty: payload.IsEmpty && !header.Has(FrameFlags.EndStream)) is var violation and not Http2Violation.None)
        {
            connection.Violate(violation);
            return;
        }

        if (header.Has(FrameFlags.EndHeaders))
        {
            connection.BlockCame(header.StreamId, header.Has(FrameFlags.EndStream), payload);
            return;
        }

        _blockStream = header.StreamId;
        _blockEndsStream = header.Has(FrameFlags.EndStream);
        _continuations = 0;
        _block = slabs.Rent(Math.Max(SlabPool.Small, payload.Length));
        _block.TryAppend(payload);
    }

    private void TakeContinuation(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        var violation = connection.BlockGoesOn(isEmpty: payload.IsEmpty && !header.Has(FrameFlags.EndHeaders));
        if (violation == Http2Violation.None && ++_continuations > settings.MaxContinuationFrames)
        {
            violation = Http2Violation.ContinuationFlood;
        }

        if (violation == Http2Violation.None && _block!.Length + payload.Length > connection.MaxBlockBytes)
        {
            // Not decoded, so the table is lost, and with it the connection.
            violation = Http2Violation.FieldBlockTooLarge;
        }

        if (violation != Http2Violation.None)
        {
            connection.Violate(violation);
            return;
        }

        if (!_block!.TryAppend(payload))
        {
            _block = slabs.Grow(_block, Math.Max(_block.Length + payload.Length, Math.Min(2 * _block.Capacity, SlabPool.Large)));
            _block.TryAppend(payload);
        }

        if (header.Has(FrameFlags.EndHeaders))
        {
            var id = _blockStream;
            _blockStream = 0;
            connection.BlockCame(id, _blockEndsStream, _block.Filled);
            Release();
        }
    }
}
