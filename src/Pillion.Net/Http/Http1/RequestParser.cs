namespace Pillion.Net.Http.Http1;

/// <summary>Reads a request's head (RFC 9112 §2-§6). Strict by the rules; the same answer however the bytes are split.</summary>
internal static class RequestParser
{
    // RFC 9112 §2.2: at least one empty line before a request is to be ignored; old clients send one behind a POST.
    private const int MaxEmptyLines = 4;

    /// <summary>
    /// <paramref name="buffer"/> holds all unconsumed bytes, from the message's first one on. On Done <paramref name="consumed"/> is the
    /// length of the head; on NeedMore it is 0, or the length of empty lines before the request, which are not needed again. On Error
    /// nothing is consumed.
    /// </summary>
    public static ParseStatus Parse(
        ReadOnlySpan<byte> buffer, ref HeadScanner scanner, HttpRules rules, RequestHead head, out int consumed, out HttpViolation violation)
    {
        if (scanner.IsFresh || head.Fields.Count != scanner.Fields || (scanner.HasStartLine && head.MethodName.IsEmpty))
        {
            scanner = new HeadScanner { EmptyLines = scanner.EmptyLines };
            head.Clear();
        }

        consumed = scanner.IsFresh ? SkipEmptyLines(buffer, ref scanner, rules) : 0;
        var rest = buffer[consumed..];
        var isTooLarge = rest.Length > rules.MaxHeadBytes;
        var bytes = isTooLarge ? rest[..rules.MaxHeadBytes] : rest;
        var status = ReadRequestLine(bytes, ref scanner, rules, head, out violation);
        if (status == ParseStatus.Done)
        {
            status = FieldSection.Read(bytes, ref scanner, rules, head.Fields, guardAliases: true, out violation);
        }

        if (status == ParseStatus.Done)
        {
            violation = Complete(rules, head);
            if (violation == HttpViolation.None)
            {
                consumed += scanner.Complete;
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

        consumed = 0;
        return ParseStatus.Error;
    }

    private static int SkipEmptyLines(ReadOnlySpan<byte> buffer, ref HeadScanner scanner, HttpRules rules)
    {
        var skipped = 0;
        while (scanner.EmptyLines < MaxEmptyLines)
        {
            var rest = buffer[skipped..];
            var length = rest is [HttpBytes.Cr, HttpBytes.Lf, ..] ? 2 : rest is [HttpBytes.Lf, ..] && !rules.RejectBareLineFeed ? 1 : 0;
            if (length == 0)
            {
                break;
            }

            skipped += length;
            scanner.EmptyLines++;
        }

        return skipped;
    }

    private static ParseStatus ReadRequestLine(
        ReadOnlySpan<byte> bytes, ref HeadScanner scanner, HttpRules rules, RequestHead head, out HttpViolation violation)
    {
        violation = HttpViolation.None;
        if (scanner.HasStartLine)
        {
            return ParseStatus.Done;
        }

        var status = scanner.NextLine(bytes, rules, out var start, out var length, out var found);
        var line = bytes.Slice(start, length);
        violation = RequestLine.CheckBeginning(line, ref scanner, rules);
        if (violation == HttpViolation.None)
        {
            violation = status == ParseStatus.Done ? RequestLine.Read(line, scanner, rules, head) : found;
        }

        scanner.HasStartLine = status == ParseStatus.Done;
        return violation == HttpViolation.None ? status : ParseStatus.Error;
    }

    private static HttpViolation Complete(HttpRules rules, RequestHead head)
    {
        var violation = Framing.Read(head.Fields, rules, head.Version, out var framing);
        if (violation == HttpViolation.None)
        {
            violation = ReadHost(rules, head, framing);
        }

        if (violation != HttpViolation.None)
        {
            return violation;
        }

        if (head.Method == HttpMethod.Connect && (framing.IsChunked || framing.Length > 0))
        {
            // RFC 9110 §9.3.6: what follows the head belongs to the tunnel.
            return HttpViolation.BodyOnConnect;
        }

        head.Body =
            framing.IsChunked ? BodyKind.Chunked :
            framing.Length >= 0 && head.Method != HttpMethod.Connect ? BodyKind.Length : BodyKind.None;
        head.ContentLength = head.Body == BodyKind.Length ? framing.Length : 0;
        head.KeepAlive = framing.Persists(head.Version);
        head.WantsUpgrade = framing.WantsUpgrade && head.Version >= 11;

        // RFC 9110 §10.1.1: not from HTTP/1.0, and pointless without a body.
        head.ExpectsContinue = framing.ExpectsContinue && head.Version >= 11 && (framing.IsChunked || framing.Length > 0);
        return HttpViolation.None;
    }

    private static HttpViolation ReadHost(HttpRules rules, RequestHead head, in Framing framing)
    {
        if (framing.Hosts == 0)
        {
            return rules.RequireOneHost && head.Version >= 11 ? HttpViolation.MissingHost : HttpViolation.None;
        }

        if (framing.Hosts > 1)
        {
            if (rules.RequireOneHost)
            {
                return HttpViolation.RepeatedHost;
            }

            // The first one counts, for us and for the application: it must not see the others.
            for (var i = framing.HostIndex + 1; i < head.Fields.Count; i++)
            {
                if (head.Fields.Known(i) == KnownField.Host)
                {
                    head.Fields.RemoveAt(i);
                }
            }
        }

        // Empty is how a client without an authority must send it (RFC 9112 §3.2).
        var host = head.Fields.Value(framing.HostIndex);
        if (!host.IsEmpty && !HostSyntax.IsValid(host))
        {
            return HttpViolation.BadHost;
        }

        if (head.Form is TargetForm.Origin or TargetForm.Asterisk)
        {
            head.SetAuthority(host);
        }

        return HttpViolation.None;
    }
}
