using System.Buffers.Binary;

namespace Pillion.Net.Http.Http2;

/// <summary>The nine bytes before every frame (RFC 9113 §4.1).</summary>
internal readonly struct FrameHeader(int length, FrameType type, byte flags, int streamId)
{
    public const int Size = 9;

    /// <summary>No peer may be sent a larger frame before it allowed that, and every peer takes one of this size.</summary>
    public const int MinMaxLength = 16 * 1024;

    public const int MaxMaxLength = (1 << 24) - 1;

    public int Length { get; } = length;

    public FrameType Type { get; } = type;

    public byte Flags { get; } = flags;

    public int StreamId { get; } = streamId;

    public bool Has(byte flag) => (Flags & flag) != 0;

    public static FrameHeader Read(ReadOnlySpan<byte> bytes)
    {
        var first = BinaryPrimitives.ReadUInt32BigEndian(bytes);

        // The reserved bit is ignored.
        var id = (int)(BinaryPrimitives.ReadUInt32BigEndian(bytes[5..]) & int.MaxValue);
        return new FrameHeader((int)(first >> 8), (FrameType)(byte)first, bytes[4], id);
    }

    public void Write(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt32BigEndian(bytes, ((uint)Length << 8) | (byte)Type);
        bytes[4] = Flags;
        BinaryPrimitives.WriteInt32BigEndian(bytes[5..], StreamId);
    }
}
