namespace Pillion.Net.Http.Http1;

/// <summary>Writes the framing of a chunked body around data that stays where it is.</summary>
internal static class ChunkWriter
{
    /// <summary>Room for any size line.</summary>
    public const int MaxSizeLine = 18;

    /// <summary>What follows the data of each chunk.</summary>
    public static ReadOnlySpan<byte> DataEnd => "\r\n"u8;

    /// <summary>The last chunk and an empty trailer section.</summary>
    public static ReadOnlySpan<byte> End => "0\r\n\r\n"u8;

    /// <summary>
    /// Writes the size line so that it ends where <paramref name="room"/> ends, and returns its length: data received behind the room needs
    /// no move. <paramref name="size"/> is above 0 (a size of 0 would end the body); the room of <see cref="MaxSizeLine"/> is always
    /// enough.
    /// </summary>
    public static int WriteSizeBefore(Span<byte> room, long size)
    {
        var at = room.Length;
        room[--at] = HttpBytes.Lf;
        room[--at] = HttpBytes.Cr;
        do
        {
            room[--at] = "0123456789abcdef"u8[(int)(size & 15)];
            size >>>= 4;
        }
        while (size > 0);

        return room.Length - at;
    }

    /// <summary>Writes the size line at the start of the destination and returns its length.</summary>
    public static int WriteSize(Span<byte> destination, long size)
    {
        Span<byte> line = stackalloc byte[MaxSizeLine];
        var length = WriteSizeBefore(line, size);
        line[^length..].CopyTo(destination);
        return length;
    }

    /// <summary>Writes the last chunk and the trailer section; false when the destination is too small.</summary>
    public static bool TryWriteEnd(Span<byte> destination, FieldList trailers, out int written)
    {
        var cursor = new HeadCursor(destination);
        cursor.Write("0\r\n"u8);
        for (var i = 0; i < trailers.Count; i++)
        {
            if (trailers.IsPresent(i))
            {
                cursor.WriteField(trailers.Name(i), trailers.Value(i));
            }
        }

        cursor.Write("\r\n"u8);
        written = cursor.IsOverflown ? 0 : cursor.Written;
        return !cursor.IsOverflown;
    }
}
