namespace Pillion.Net.Http.Http1;

/// <summary>Reads a response's head: strict in what frames it, tolerant in the reason phrase. The caller reads on after a 1xx.</summary>
internal static class ResponseParser
{
    /// <summary>
    /// As <see cref="RequestParser.Parse"/>; <paramref name="requestMethod"/> decides with the status whether there is a body (RFC 9112
    /// §6.3).
    /// </summary>
    public static ParseStatus Parse(
        ReadOnlySpan<byte> buffer,
        ref HeadScanner scanner,
        HttpRules rules,
        HttpMethod requestMethod,
        ResponseHead head,
        out int consumed,
        out HttpViolation violation)
    {
        consumed = 0;
        if (scanner.IsFresh || head.Fields.Count != scanner.Fields || (scanner.HasStartLine && head.Status == 0))
        {
            scanner = default;
            head.Clear();
        }

        var isTooLarge = buffer.Length > rules.MaxHeadBytes;
        var bytes = isTooLarge ? buffer[..rules.MaxHeadBytes] : buffer;
        var status = ReadStatusLine(bytes, ref scanner, rules, head, out violation);
        if (status == ParseStatus.Done)
        {
            status = FieldSection.Read(bytes, ref scanner, rules, head.Fields, guardAliases: false, out violation);
        }

        if (status == ParseStatus.Done)
        {
            violation = Complete(rules, requestMethod, head);
            if (violation == HttpViolation.None)
            {
                consumed = scanner.Complete;
                scanner.Reset();
                return ParseStatus.Done;
            }
        }
        else if (status == ParseStatus.NeedMore)
        {
            if (!isTooLarge)
            {
                return status;
            }

            violation = HttpViolation.HeadTooLarge;
        }

        return ParseStatus.Error;
    }

    private static ParseStatus ReadStatusLine(
        ReadOnlySpan<byte> bytes, ref HeadScanner scanner, HttpRules rules, ResponseHead head, out HttpViolation violation)
    {
        violation = HttpViolation.None;
        if (scanner.HasStartLine)
        {
            return ParseStatus.Done;
        }

        var status = scanner.NextLine(bytes, rules, out var start, out var length, out violation);
        var line = bytes.Slice(start, length);

        // Something that is not HTTP may never end its line; five bytes are enough to know.
        var beginning = "HTTP/"u8;
        var compared = Math.Min(line.Length, beginning.Length);
        if (!line[..compared].SequenceEqual(beginning[..compared]))
        {
            violation = HttpViolation.BadStatusLine;
            return ParseStatus.Error;
        }

        if (status != ParseStatus.Done)
        {
            return status;
        }

        violation = ReadStatusLine(line, head);
        scanner.HasStartLine = true;
        return violation == HttpViolation.None ? ParseStatus.Done : ParseStatus.Error;
    }

    private static HttpViolation ReadStatusLine(ReadOnlySpan<byte> line, ResponseHead head)
    {
        if (line.Length < 12 || !HttpBytes.IsDigit(line[5]) || line[6] != '.' || !HttpBytes.IsDigit(line[7]) || line[8] != ' ')
        {
            return HttpViolation.BadStatusLine;
        }

        if (line[5] != '1')
        {
            return HttpViolation.UnsupportedVersion;
        }

        if (line[9] is < (byte)'1' or > (byte)'9' || !HttpBytes.IsDigit(line[10]) || !HttpBytes.IsDigit(line[11]) ||
            (line.Length > 12 && line[12] != ' '))
        {
            return HttpViolation.BadStatusLine;
        }

        head.Version = line[7] == '0' ? (byte)10 : (byte)11;
        head.Status = (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0');
        head.SetReason(line.Length > 13 ? line[13..] : default);
        return HttpViolation.None;
    }

    private static HttpViolation Complete(HttpRules rules, HttpMethod requestMethod, ResponseHead head)
    {
        var violation = Framing.Read(head.Fields, rules, head.Version, out var framing);
        if (violation != HttpViolation.None)
        {
            return violation;
        }

        head.KeepAlive = framing.Persists(head.Version);
        head.ContentLength = Math.Max(framing.Length, 0);
        if (head.Status is < 200 or 204 || (requestMethod == HttpMethod.Connect && head.Status < 300))
        {
            // RFC 9112 §6.1, RFC 9110 §8.6: these must have neither, and what they say about a length is not to be believed or passed on.
            head.Fields.RemoveAll(KnownField.ContentLength);
            head.Fields.RemoveAll(KnownField.TransferEncoding);
            head.ContentLength = 0;
            head.Body = BodyKind.None;
            head.WantsUpgrade = head.Status == 101;
        }
        else if (requestMethod == HttpMethod.Head || head.Status == 304)
        {
            head.Body = BodyKind.None;
        }
        else if (framing.IsChunked)
        {
            head.Body = BodyKind.Chunked;
        }
        else if (framing.Length >= 0)
        {
            head.Body = BodyKind.Length;
        }
        else
        {
            head.Body = BodyKind.UntilClose;
            head.KeepAlive = false;
        }

        return HttpViolation.None;
    }
}
