using System.Buffers.Text;
using Pillion.Net.Http.Http2.Hpack;
using Pillion.Net.Memory;

namespace Pillion.Net.Http.Http2;

/// <summary>
/// Writes heads and trailers as HEADERS frames. What is of the connection in HTTP/1 stays behind (RFC 9113 §8.2.2), and the length is what the
/// head says, whatever the fields hold.
/// </summary>
internal sealed class FieldBlockWriter(FrameWriter writer)
{
    // As much as the writer of HTTP/1 takes.
    private const int MaxBytes = 4 * SlabPool.Large;

    private const ulong OfConnection =
        (1UL << (int)KnownField.Connection) | (1UL << (int)KnownField.KeepAlive) | (1UL << (int)KnownField.ProxyConnection) |
        (1UL << (int)KnownField.TransferEncoding) | (1UL << (int)KnownField.Upgrade) | (1UL << (int)KnownField.Host);

    private const ulong Length = 1UL << (int)KnownField.ContentLength;

    private readonly HpackEncoder _encoder = new();

    /// <summary>The peer's SETTINGS_MAX_FRAME_SIZE.</summary>
    public int MaxFrame { get; set; } = FrameHeader.MinMaxLength;

    public void SetPeerTableSize(long size) => _encoder.SetPeerTableSize(size);

    /// <param name="status">Sent in the place of the head's own.</param>
    public bool TryWrite(Http2Stream stream, ResponseHead head, int status, bool isSwitch)
    {
        if (!TryBegin(stream, head.Fields, extra: 0, out var room))
        {
            return false;
        }

        var at = FrameHeader.Size;
        at += _encoder.BeginBlock(room[at..]);
        at += _encoder.WriteStatus(room[at..], status);

        // RFC 9110 §8.6: an answer to HEAD and a 304 may say how long the body would have been; 1xx and 204 must not.
        var passLength = head.Body == BodyKind.None && status is >= 200 and not 204 && !isSwitch;
        at = WriteFields(room, at, head, OfConnection, passLength, dropKeys: isSwitch);
        End(stream, room, at, endStream: false);
        return true;
    }

    /// <param name="protocol">Of an extended CONNECT; empty for any other request.</param>
    public bool TryWrite(Http2Stream stream, RequestHead head, bool isHttps, ReadOnlySpan<byte> protocol)
    {
        var extra = head.MethodName.Length + head.Target.Length + head.Authority.Length + protocol.Length + (5 * HpackEncoder.FieldOverhead);
        if (!TryBegin(stream, head.Fields, extra, out var room))
        {
            return false;
        }

        var at = FrameHeader.Size;
        at += _encoder.BeginBlock(room[at..]);
        var isConnect = head.Method == HttpMethod.Connect && protocol.IsEmpty;
        at += protocol.IsEmpty
            ? _encoder.WriteMethod(room[at..], head.Method, head.MethodName)
            : _encoder.WriteMethod(room[at..], HttpMethod.Connect, "CONNECT"u8);
        if (!isConnect)
        {
            at += _encoder.WriteScheme(room[at..], isHttps);
            at += _encoder.WritePath(room[at..], head.Target);
        }

        if (!head.Authority.IsEmpty)
        {
            at += _encoder.WritePseudo(room[at..], Pseudo.Authority, head.Authority);
        }

        if (!protocol.IsEmpty)
        {
            at += _encoder.WritePseudo(room[at..], Pseudo.Protocol, protocol);
        }

        at = WriteFields(room, at, head, OfConnection, passLength: false, dropKeys: !protocol.IsEmpty);
        End(stream, room, at, endStream: false);
        return true;
    }

    public bool TryWriteTrailers(Http2Stream stream, FieldList trailers)
    {
        if (!TryBegin(stream, trailers, extra: 0, out var room))
        {
            return false;
        }

        var at = FrameHeader.Size;
        at += _encoder.BeginBlock(room[at..]);
        at = WriteFields(room, at, trailers, OfConnection | Length, dropKeys: false);
        End(stream, room, at, endStream: true);
        return true;
    }

    private bool TryBegin(Http2Stream stream, FieldList fields, int extra, out Span<byte> room)
    {
        var bytes = fields.Bytes + ((fields.Count + 2) * HpackEncoder.FieldOverhead) + HpackEncoder.UpdateBytes + extra;
        var most = FrameHeader.Size + bytes + ((bytes / MaxFrame) * FrameHeader.Size);
        room = bytes > MaxBytes ? default : writer.Reserve(most);
        return bytes <= MaxBytes;
    }

    private int WriteFields(Span<byte> room, int at, Head head, ulong but, bool passLength, bool dropKeys)
    {
        at = WriteFields(room, at, head.Fields, passLength ? but : but | Length, dropKeys);
        if (head.Body == BodyKind.Length)
        {
            Span<byte> digits = stackalloc byte[20];
            Utf8Formatter.TryFormat(head.ContentLength, digits, out var written);
            at += _encoder.WriteField(room[at..], KnownField.ContentLength, default, digits[..written]);
        }

        return at;
    }

    private int WriteFields(Span<byte> room, int at, FieldList fields, ulong but, bool dropKeys)
    {
        for (var i = 0; i < fields.Count; i++)
        {
            var known = fields.Known(i);
            if (!fields.IsPresent(i) || (but & (1UL << (int)known)) != 0)
            {
                continue;
            }

            var name = fields.Name(i);
            if (known == KnownField.TE && !System.Text.Ascii.EqualsIgnoreCase(fields.Value(i), "trailers"u8))
            {
                continue;
            }

            if (dropKeys && known == KnownField.Other && MessageSwitch.IsKeyField(name))
            {
                continue;
            }

            at += _encoder.WriteField(room[at..], known, name, fields.Value(i), fields.IsSensitive(i));
        }

        return at;
    }

    // A block that is larger than a frame goes on in CONTINUATION frames: their headers are put in between, from behind.
    private void End(Http2Stream stream, Span<byte> room, int end, bool endStream)
    {
        var length = end - FrameHeader.Size;
        var flags = endStream ? FrameFlags.EndStream : FrameFlags.None;
        var frames = Math.Max(1, (length + MaxFrame - 1) / MaxFrame);
        for (var i = frames - 1; i > 0; i--)
        {
            var from = FrameHeader.Size + (i * MaxFrame);
            var piece = Math.Min(MaxFrame, end - from);
            var to = from + (i * FrameHeader.Size);
            room.Slice(from, piece).CopyTo(room[to..]);
            var last = i == frames - 1 ? FrameFlags.EndHeaders : FrameFlags.None;
            new FrameHeader(piece, FrameType.Continuation, last, stream.Id).Write(room[(to - FrameHeader.Size)..]);
        }

        flags |= frames == 1 ? FrameFlags.EndHeaders : FrameFlags.None;
        new FrameHeader(Math.Min(length, MaxFrame), FrameType.Headers, flags, stream.Id).Write(room);
        stream.WroteAt(writer.Commit(end + ((frames - 1) * FrameHeader.Size), frames), writer.Generation);
    }
}
