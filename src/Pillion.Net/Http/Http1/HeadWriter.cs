namespace Pillion.Net.Http.Http1;

/// <summary>
/// Writes heads as HTTP/1.1. Fields keep their order and case; Host, framing and Connection say what the head and the caller say, whatever
/// the fields hold, so that a message can never leave with two readings of its length. Run <see cref="HopByHop.Remove"/> before.
/// </summary>
internal static class HeadWriter
{
    // Those of which this class has a word to say; all others are sent as they are.
    private const ulong Minded =
        (1UL << (int)KnownField.ContentLength) | (1UL << (int)KnownField.TransferEncoding) | (1UL << (int)KnownField.Connection) |
        (1UL << (int)KnownField.KeepAlive) | (1UL << (int)KnownField.ProxyConnection) | (1UL << (int)KnownField.Upgrade) | (1UL << (int)KnownField.Host);

    /// <summary>Bytes that are always enough for this head.</summary>
    public static int Measure(Head head)
    {
        // Start line, version, Connection, Content-Length, the last CRLF, Host.
        var bytes = 256 + (head is RequestHead request ? request.MethodName.Length + request.Target.Length + 2 * request.Authority.Length : 0);
        for (var i = 0; i < head.Fields.Count; i++)
        {
            if (head.Fields.IsPresent(i))
            {
                bytes += head.Fields.Name(i).Length + head.Fields.Value(i).Length + 4;
            }
        }

        return bytes;
    }

    /// <summary>
    /// Writes the whole head; false, and nothing useful written, when the destination is too small. CONNECT writes the authority as its
    /// target. With <paramref name="close"/> the connection is announced not to be used again. WantsUpgrade writes <c>Connection:
    /// upgrade</c>: clear it where the route does not allow the upgrade.
    /// </summary>
    public static bool TryWriteRequest(Span<byte> destination, RequestHead head, bool close, out int written)
    {
        var cursor = new HeadCursor(destination);
        cursor.Write(head.MethodName);
        cursor.Write(" "u8);
        cursor.Write(head.Method == HttpMethod.Connect ? head.Authority : head.Target);
        cursor.Write(" HTTP/1.1\r\n"u8);
        if (!head.Fields.Has(KnownField.Host))
        {
            cursor.WriteField("Host"u8, head.Authority);
        }

        WriteFields(ref cursor, head.Fields, head.Body, head.ContentLength, head.Authority, passLength: false, head.WantsUpgrade);
        WriteConnection(ref cursor, close, keepAlive: false, head.WantsUpgrade, sendsTE: head.Fields.Has(KnownField.TE));
        return Finish(ref cursor, out written);
    }

    /// <summary>
    /// Writes the whole head; false, and nothing useful written, when the destination is too small. A peer of version 10 cannot read
    /// chunks: a chunked body goes to it bare and ends with the connection (<see cref="EndsWithConnection"/>). A body until close always
    /// announces the close.
    /// </summary>
    public static bool TryWriteResponse(Span<byte> destination, ResponseHead head, byte peerVersion, bool close, out int written)
    {
        var cursor = new HeadCursor(destination);
        var body = EndsWithConnection(head, peerVersion) ? BodyKind.UntilClose : head.Body;
        cursor.Write("HTTP/1.1 "u8);
        WriteStatus(ref cursor, head.Status);
        cursor.Write(head.Reason.IsEmpty ? ReasonPhrases.Of(head.Status) : head.Reason);
        cursor.Write("\r\n"u8);

        // RFC 9110 §8.6: an answer to HEAD and a 304 may say how long the body would have been; 1xx and 204 must not.
        var passLength = head.Body == BodyKind.None && head.Status is >= 200 and not 204;
        WriteFields(ref cursor, head.Fields, body, head.ContentLength, authority: default, passLength, head.WantsUpgrade);
        if (head.Status is 101 or >= 200)
        {
            close = head.Status != 101 && (close || body == BodyKind.UntilClose);
            WriteConnection(ref cursor, close, keepAlive: !close && peerVersion == 10, head.WantsUpgrade, sendsTE: false);
        }

        return Finish(ref cursor, out written);
    }

    /// <summary>The body is sent bare and the connection's end is its end.</summary>
    public static bool EndsWithConnection(ResponseHead head, byte peerVersion) =>
        head.Body == BodyKind.UntilClose || (head.Body == BodyKind.Chunked && peerVersion < 11);

    private static void WriteFields(
        ref HeadCursor cursor, FieldList fields, BodyKind body, long contentLength, ReadOnlySpan<byte> authority, bool passLength, bool upgrade)
    {
        var isFramed = body is not (BodyKind.Length or BodyKind.Chunked);
        var next = 0;
        while (next < fields.Count)
        {
            // Lines that stand together and are sent as they are leave with one copy.
            var lines = fields.TakeLines(ref next, but: Minded);
            if (!lines.IsEmpty)
            {
                cursor.Write(lines);
                continue;
            }

            var i = next++;
            if (!fields.IsPresent(i))
            {
                continue;
            }

            switch (fields.Known(i))
            {
                case KnownField.ContentLength when passLength:
                    cursor.WriteField(fields.Name(i), fields.Value(i));
                    break;
                case KnownField.ContentLength or KnownField.TransferEncoding:
                    if (!isFramed)
                    {
                        // In the place, and where it is the same field also in the case, that its sender chose.
                        var isSame = fields.Known(i) == (body == BodyKind.Length ? KnownField.ContentLength : KnownField.TransferEncoding);
                        WriteFraming(ref cursor, body, contentLength, isSame ? fields.Name(i) : default);
                        isFramed = true;
                    }

                    break;
                case KnownField.Connection or KnownField.KeepAlive or KnownField.ProxyConnection:
                    break;
                case KnownField.Upgrade when !upgrade:
                    break;
                case KnownField.Host:
                    cursor.WriteField(fields.Name(i), authority);
                    break;
                default:
                    cursor.WriteField(fields.Name(i), fields.Value(i));
                    break;
            }
        }

        if (!isFramed)
        {
            WriteFraming(ref cursor, body, contentLength, default);
        }
    }

    private static void WriteFraming(ref HeadCursor cursor, BodyKind body, long contentLength, ReadOnlySpan<byte> name)
    {
        if (body == BodyKind.Chunked)
        {
            cursor.WriteField(name.IsEmpty ? "Transfer-Encoding"u8 : name, "chunked"u8);
        }
        else
        {
            cursor.WriteField(name.IsEmpty ? "Content-Length"u8 : name, contentLength);
        }
    }

    private static void WriteConnection(ref HeadCursor cursor, bool close, bool keepAlive, bool upgrade, bool sendsTE)
    {
        // RFC 9110 §7.6.1: every hop-by-hop field that is sent is named here.
        switch (close, keepAlive, upgrade, sendsTE)
        {
            case (false, false, false, false):
                return;
            case (_, _, true, false):
                cursor.Write("Connection: upgrade\r\n"u8);
                return;
            case (_, _, true, true):
                cursor.Write("Connection: upgrade, TE\r\n"u8);
                return;
            case (true, _, _, false):
                cursor.Write("Connection: close\r\n"u8);
                return;
            case (true, _, _, true):
                cursor.Write("Connection: close, TE\r\n"u8);
                return;
            case (_, true, _, _):
                cursor.Write("Connection: keep-alive\r\n"u8);
                return;
            default:
                cursor.Write("Connection: TE\r\n"u8);
                return;
        }
    }

    private static void WriteStatus(ref HeadCursor cursor, int status) =>
        cursor.Write([(byte)('0' + status / 100 % 10), (byte)('0' + status / 10 % 10), (byte)('0' + status % 10), HttpBytes.Space]);

    private static bool Finish(ref HeadCursor cursor, out int written)
    {
        cursor.Write("\r\n"u8);
        written = cursor.IsOverflown ? 0 : cursor.Written;
        return !cursor.IsOverflown;
    }
}
