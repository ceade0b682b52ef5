namespace Pillion.Net.Http.Http1;

/// <summary>
/// Takes a chunked body apart (RFC 9112 §7.1). The data is never copied: each call points at one run of it inside the input. The caller
/// keeps what was not consumed and calls again with more behind it; a buffer of <see cref="MaxPending"/> bytes is always enough. Start with
/// <c>default</c>.
/// </summary>
internal struct ChunkedDecoder
{
    /// <summary>The most that a caller can be asked to keep: the longest line plus its end.</summary>
    public const int MaxPending = MaxTrailerLine + 4;

    private const int MaxSizeDigits = 16;
    private const int MaxSizeLine = 4 * 1024;
    private const int MaxTrailerLine = 8 * 1024;

    // Nobody honest sends them; what is allowed beyond their data is for the curious.
    private const int FreeExtensionBytes = 16 * 1024;

    private long _left;
    private long _data;
    private long _extensions;
    private int _looked;
    private int _trailerBytes;
    private State _state;

    private enum State : byte
    {
        Size,
        Data,
        DataEnd,
        Trailers,
        Done,
    }

    public readonly bool IsDone => _state == State.Done;

    /// <summary>Data bytes so far.</summary>
    public readonly long DataBytes => _data;

    /// <summary>
    /// Consumes framing and at most one run of data, which may come with NeedMore and with Done. NeedMore with something consumed and input
    /// left: call again at once with <c>input[consumed..]</c>; with nothing consumed: only with more bytes. Done: the last CRLF is
    /// consumed, what follows is the next message.
    /// </summary>
    public ParseStatus Decode(
        ReadOnlySpan<byte> input,
        HttpRules rules,
        FieldList trailers,
        out int consumed,
        out int dataStart,
        out int dataLength,
        out HttpViolation violation)
    {
        consumed = dataStart = dataLength = 0;
        violation = HttpViolation.None;
        while (true)
        {
            var status = _state switch
            {
                State.Size => ReadSize(input, rules, ref consumed, out violation),
                State.Data when dataLength == 0 => ReadData(input, ref consumed, out dataStart, out dataLength),
                State.DataEnd => ReadDataEnd(input, rules, ref consumed, out violation),
                State.Trailers => ReadTrailer(input, rules, trailers, ref consumed, out violation),
                State.Done => ParseStatus.Done,
                _ => ParseStatus.NeedMore,
            };

            // "Done" of a step means that the state moved on.
            if (status == ParseStatus.NeedMore || (status == ParseStatus.Done && _state == State.Done))
            {
                return status;
            }

            if (status == ParseStatus.Error)
            {
                if (dataLength == 0)
                {
                    consumed = 0;
                    return status;
                }

                // The data before the mistake is delivered first; the next call finds the mistake again, for no step keeps half of one.
                violation = HttpViolation.None;
                return ParseStatus.NeedMore;
            }
        }
    }

    private ParseStatus ReadSize(ReadOnlySpan<byte> input, HttpRules rules, ref int consumed, out HttpViolation violation)
    {
        var status = ReadLine(input[consumed..], MaxSizeLine, HttpViolation.ChunkLineTooLong, rules, out var line, out var lineBytes, out violation);
        if (status != ParseStatus.Done)
        {
            return status;
        }

        var digits = 0;
        long size = 0;
        while (digits < line.Length && char.IsAsciiHexDigit((char)line[digits]))
        {
            if (digits == MaxSizeDigits || size > long.MaxValue >> 4)
            {
                violation = HttpViolation.ChunkTooLarge;
                return ParseStatus.Error;
            }

            var digit = line[digits++];
            size = (size << 4) + (digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10);
        }

        // White space (RFC 9112 allows "bad" white space only before ';'), a sign or "0x" are how two readers come to differ about a size.
        if (digits == 0 || (digits < line.Length && line[digits] != ';'))
        {
            violation = HttpViolation.BadChunkSize;
            return ParseStatus.Error;
        }

        var extensions = line.Length - digits;
        if (extensions > 0 && !IsExtension(line[digits..]))
        {
            violation = HttpViolation.BadChunkExtension;
            return ParseStatus.Error;
        }

        if (_extensions + extensions > FreeExtensionBytes + _data)
        {
            violation = HttpViolation.TooManyExtensions;
            return ParseStatus.Error;
        }

        if (_data > long.MaxValue - size)
        {
            violation = HttpViolation.ChunkTooLarge;
            return ParseStatus.Error;
        }

        _extensions += extensions;
        _left = size;
        Advance(size == 0 ? State.Trailers : State.Data, lineBytes, ref consumed);
        return ParseStatus.Done;
    }

    private ParseStatus ReadData(ReadOnlySpan<byte> input, ref int consumed, out int dataStart, out int dataLength)
    {
        dataStart = consumed;
        dataLength = (int)Math.Min(_left, input.Length - consumed);
        consumed += dataLength;
        _left -= dataLength;
        _data += dataLength;
        if (_left > 0)
        {
            return ParseStatus.NeedMore;
        }

        _state = State.DataEnd;
        return ParseStatus.Done;
    }

    private ParseStatus ReadDataEnd(ReadOnlySpan<byte> input, HttpRules rules, ref int consumed, out HttpViolation violation)
    {
        var rest = input[consumed..];
        violation = HttpViolation.None;
        switch (rest)
        {
            case []:
            case [HttpBytes.Cr]:
                return ParseStatus.NeedMore;
            case [HttpBytes.Cr, HttpBytes.Lf, ..]:
                Advance(State.Size, 2, ref consumed);
                return ParseStatus.Done;
            case [HttpBytes.Lf, ..] when !rules.RejectBareLineFeed:
                Advance(State.Size, 1, ref consumed);
                return ParseStatus.Done;
            default:
                violation = HttpViolation.BadChunkEnd;
                return ParseStatus.Error;
        }
    }

    private ParseStatus ReadTrailer(ReadOnlySpan<byte> input, HttpRules rules, FieldList trailers, ref int consumed, out HttpViolation violation)
    {
        var rest = input[consumed..];
        var maxLine = Math.Min(MaxTrailerLine, rules.MaxHeadBytes - _trailerBytes);
        var status = ReadLine(rest, maxLine, HttpViolation.TrailersTooLarge, rules, out var line, out var lineBytes, out violation);
        if (status != ParseStatus.Done)
        {
            return status;
        }

        if (line.IsEmpty)
        {
            Advance(State.Done, lineBytes, ref consumed);
            return ParseStatus.Done;
        }

        // A fold belongs to the line before it: where folds are allowed, a line ends when the next one begins with something else.
        while (!rules.RejectFolding)
        {
            if (rest.Length == lineBytes)
            {
                return ParseStatus.NeedMore;
            }

            if (rest[lineBytes] is not (HttpBytes.Space or HttpBytes.Tab))
            {
                break;
            }

            var before = lineBytes;
            _looked = 0;
            status = ReadLine(rest[before..], maxLine - before, HttpViolation.TrailersTooLarge, rules, out var next, out lineBytes, out violation);
            _looked = 0;
            if (status != ParseStatus.Done)
            {
                return status;
            }

            line = rest[..(before + next.Length)];
            lineBytes += before;
        }

        violation = TrailerFields.Add(line, rules, trailers);
        if (violation != HttpViolation.None)
        {
            return ParseStatus.Error;
        }

        _trailerBytes += lineBytes;
        Advance(State.Trailers, lineBytes, ref consumed);
        return ParseStatus.Done;
    }

    // Quotes, tokens, white space: what matters is that no byte in it can end the line for somebody else, and that is checked with the
    // line.
    private static bool IsExtension(ReadOnlySpan<byte> extension)
    {
        var isQuoted = false;
        for (var i = 0; i < extension.Length; i++)
        {
            switch (extension[i])
            {
                case (byte)'"':
                    isQuoted = !isQuoted;
                    break;
                case (byte)'\\' when isQuoted:
                    i++;
                    break;
                case (byte)';' or (byte)'=' or HttpBytes.Space or HttpBytes.Tab:
                    break;
                case var other when !isQuoted && !HttpBytes.Token.Contains(other):
                    return false;
            }
        }

        return !isQuoted;
    }

    // A line without its end, and its length with it. Remembers how far it looked, so that a line arriving byte by byte is searched once.
    private ParseStatus ReadLine(
        ReadOnlySpan<byte> input, int max, HttpViolation tooLong, HttpRules rules, out ReadOnlySpan<byte> line, out int lineBytes, out HttpViolation violation)
    {
        line = default;
        lineBytes = 0;
        violation = HttpViolation.None;
        var bytes = input.Length > max ? input[..Math.Max(max, 0)] : input;
        while (true)
        {
            var offset = bytes[_looked..].IndexOfAny(HttpBytes.Controls);
            var at = offset < 0 ? bytes.Length : _looked + offset;
            if (at == bytes.Length || (bytes[at] == HttpBytes.Cr && at + 1 == bytes.Length))
            {
                _looked = at;
                violation = bytes.Length < input.Length || max <= 0 ? tooLong : HttpViolation.None;
                return violation == HttpViolation.None ? ParseStatus.NeedMore : ParseStatus.Error;
            }

            switch (bytes[at])
            {
                case HttpBytes.Cr when bytes[at + 1] == HttpBytes.Lf:
                    line = bytes[..at];
                    lineBytes = at + 2;
                    return ParseStatus.Done;
                case HttpBytes.Lf when !rules.RejectBareLineFeed:
                    line = bytes[..at];
                    lineBytes = at + 1;
                    return ParseStatus.Done;
                case HttpBytes.Cr:
                    violation = HttpViolation.BareCarriageReturn;
                    return ParseStatus.Error;
                case HttpBytes.Lf:
                    violation = HttpViolation.BareLineFeed;
                    return ParseStatus.Error;
                case 0:
                    violation = HttpViolation.NulByte;
                    return ParseStatus.Error;

                // A control byte may only ever be in a value: never around a size.
                case var _ when rules.RejectControlBytes || _state == State.Size:
                    violation = HttpViolation.ControlByte;
                    return ParseStatus.Error;
                default:
                    _looked = at + 1;
                    break;
            }
        }
    }

    private void Advance(State state, int bytes, ref int consumed)
    {
        _state = state;
        _looked = 0;
        consumed += bytes;
    }
}
