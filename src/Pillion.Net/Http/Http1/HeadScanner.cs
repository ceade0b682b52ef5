namespace Pillion.Net.Http.Http1;

/// <summary>
/// Where a parser stopped in a head that is still arriving, so that no byte is looked at twice. One per connection and direction: start
/// with <c>default</c>; a parser resets it when a head is done. Between two calls neither the head being filled nor the bytes may change
/// (more may follow).
/// </summary>
internal struct HeadScanner
{
    private int _looked;
    private int _lineStart;

    internal int MethodEnd;
    internal int TargetEnd;
    internal int RequestLineLooked;
    internal int Fields;
    internal byte EmptyLines;
    internal bool HasStartLine;
    internal bool HasFold;

    internal readonly bool IsFresh => _looked == 0 && _lineStart == 0;

    /// <summary>Bytes up to the end of the last complete line.</summary>
    internal readonly int Complete => _lineStart;

    public void Reset() => this = default;

    /// <summary>
    /// The next line without its end. One search finds both the end of the line and whatever must not be in it. The line is set for every
    /// outcome: what stands before the end of the bytes, or before the violation.
    /// </summary>
    internal ParseStatus NextLine(ReadOnlySpan<byte> bytes, HttpRules rules, out int start, out int length, out HttpViolation violation)
    {
        start = _lineStart;
        violation = HttpViolation.None;
        while (true)
        {
            var offset = bytes[_looked..].IndexOfAny(HttpBytes.Controls);
            if (offset < 0)
            {
                _looked = bytes.Length;
                length = _looked - start;
                return ParseStatus.NeedMore;
            }

            var at = _looked + offset;
            length = at - start;
            switch (bytes[at])
            {
                case HttpBytes.Cr when at + 1 == bytes.Length:
                    _looked = at;
                    return ParseStatus.NeedMore;
                case HttpBytes.Cr when bytes[at + 1] == HttpBytes.Lf:
                    _lineStart = _looked = at + 2;
                    return ParseStatus.Done;
                case HttpBytes.Cr:
                    violation = HttpViolation.BareCarriageReturn;
                    return ParseStatus.Error;
                case HttpBytes.Lf when !rules.RejectBareLineFeed:
                    _lineStart = _looked = at + 1;
                    return ParseStatus.Done;
                case HttpBytes.Lf:
                    violation = HttpViolation.BareLineFeed;
                    return ParseStatus.Error;
                case 0:
                    violation = HttpViolation.NulByte;
                    return ParseStatus.Error;
                case var _ when rules.RejectControlBytes:
                    violation = HttpViolation.ControlByte;
                    return ParseStatus.Error;
                default:
                    _looked = at + 1;
                    break;
            }
        }
    }
}
