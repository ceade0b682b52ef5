using System.Buffers.Binary;

namespace Pillion.EndToEnd.Http2;

/// <summary>One HTTP/2 frame as it stood on the wire (RFC 9113 §4.1).</summary>
internal sealed record Frame(byte Type, byte Flags, int Stream, byte[] Payload)
{
    public const byte Data = 0;
    public const byte Headers = 1;
    public const byte Priority = 2;
    public const byte ResetStream = 3;
    public const byte Settings = 4;
    public const byte PushPromise = 5;
    public const byte Ping = 6;
    public const byte GoAway = 7;
    public const byte WindowUpdate = 8;
    public const byte Continuation = 9;

    public const byte EndStream = 1;
    public const byte Acknowledgement = 1;
    public const byte EndHeaders = 4;

    /// <summary>The error code of a RST_STREAM or GOAWAY.</summary>
    public ErrorCode Error => (ErrorCode)BinaryPrimitives.ReadUInt32BigEndian(Payload.AsSpan(Type == GoAway ? 4 : 0));

    /// <summary>The last stream that a GOAWAY says was or will be handled.</summary>
    public int LastStream => BinaryPrimitives.ReadInt32BigEndian(Payload) & 0x7fff_ffff;

    public bool Ends => (Flags & EndStream) != 0 && Type is Data or Headers;

    public override string ToString() => Type switch
    {
        GoAway => $"GOAWAY {Error} after {LastStream}",
        ResetStream => $"RST_STREAM {Error} on {Stream}",
        _ => $"type {Type}, flags {Flags:x}, stream {Stream}, {Payload.Length} bytes",
    };
}
