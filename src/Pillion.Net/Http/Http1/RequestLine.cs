namespace Pillion.Net.Http.Http1;

/// <summary>
/// <c>method SP target SP version</c> (RFC 9112 §3). What can be judged from the first bytes is judged from them, so that a line that can
/// only be refused is refused before it ends; and in the same order when it is complete, so that the answer does not depend on how the
/// bytes were split.
/// </summary>
internal static class RequestLine
{
    public const int MaxMethod = 64;
    private const int VersionLength = 8;

    public static HttpViolation CheckBeginning(ReadOnlySpan<byte> line, ref HeadScanner scanner, HttpRules rules)
    {
        if (scanner.MethodEnd == 0)
        {
            var head = line.Length > MaxMethod ? line[..(MaxMethod + 1)] : line;
            var space = head.IndexOf(HttpBytes.Space);
            var method = space < 0 ? head : head[..space];
            if (space == 0 || method.IndexOfAnyExcept(HttpBytes.Token) >= 0)
            {
                return HttpViolation.BadMethod;
            }

            if (space < 0)
            {
                return line.Length > MaxMethod ? HttpViolation.MethodTooLong : HttpViolation.None;
            }

            scanner.MethodEnd = space;
            scanner.RequestLineLooked = space + 1;
        }

        if (scanner.TargetEnd == 0)
        {
            var targetStart = scanner.MethodEnd + 1;
            var space = line[scanner.RequestLineLooked..].IndexOf(HttpBytes.Space);
            var end = space < 0 ? line.Length : scanner.RequestLineLooked + space;
            if (end - targetStart > rules.MaxTargetBytes)
            {
                return HttpViolation.TargetTooLong;
            }

            if (space < 0)
            {
                scanner.RequestLineLooked = end;
                return HttpViolation.None;
            }

            if (end == targetStart)
            {
                return HttpViolation.BadRequestLine;
            }

            scanner.TargetEnd = end;
        }

        return line.Length - scanner.TargetEnd - 1 > VersionLength ? HttpViolation.BadRequestLine : HttpViolation.None;
    }

    /// <summary>Reads a complete line whose beginning was checked.</summary>
    public static HttpViolation Read(ReadOnlySpan<byte> line, in HeadScanner scanner, HttpRules rules, RequestHead head)
    {
        if (scanner.TargetEnd == 0)
        {
            return HttpViolation.BadRequestLine;
        }

        var method = line[..scanner.MethodEnd];
        var target = line[(scanner.MethodEnd + 1)..scanner.TargetEnd];
        var version = line[(scanner.TargetEnd + 1)..];
        if (version.Length != VersionLength || !version.StartsWith("HTTP/"u8) ||
            !HttpBytes.IsDigit(version[5]) || version[6] != '.' || !HttpBytes.IsDigit(version[7]))
        {
            return HttpViolation.BadVersion;
        }

        if (version[5] != '1')
        {
            return version.SequenceEqual("HTTP/2.0"u8) && method.SequenceEqual("PRI"u8) && target is [(byte)'*']
                ? HttpViolation.Http2Preface
                : HttpViolation.UnsupportedVersion;
        }

        // RFC 9110 §2.5: a higher minor version is read as the highest one known.
        head.Version = version[7] == '0' ? (byte)10 : (byte)11;
        if (head.Version == 10 && !rules.AcceptHttp10)
        {
            return HttpViolation.Http10NotAccepted;
        }

        head.SetMethod(HttpMethods.Identify(method), method);
        return RequestTarget.Read(target, rules, head);
    }
}
