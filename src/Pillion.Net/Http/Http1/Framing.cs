namespace Pillion.Net.Http.Http1;

/// <summary>
/// What the fields say about the message as a whole: its length, its connection, its host (RFC 9112 §6, §7, §9). Read in one pass.
/// </summary>
internal struct Framing
{
    private int _lengths;
    private int _codings;
    private int _chunked;
    private bool _chunkedLast;
    private bool _badCoding;
    private bool _upgradeOption;
    private bool _upgradeField;
    private bool _upgradeToHttp2;

    /// <summary>Content-Length, or -1.</summary>
    public long Length { get; private set; }

    public readonly bool IsChunked => _codings > 0;

    public int Hosts { get; private set; }

    public int HostIndex { get; private set; }

    public bool Close { get; private set; }

    public bool KeepAlive { get; private set; }

    public bool ExpectsContinue { get; private set; }

    // RFC 9113 §3.1 retired the upgrade to h2c; passing it on would let a client speak to the application past every policy.
    public readonly bool WantsUpgrade => _upgradeOption && _upgradeField && !_upgradeToHttp2;

    public static HttpViolation Read(FieldList fields, HttpRules rules, byte version, out Framing framing)
    {
        framing = new Framing { Length = -1, HostIndex = -1 };
        for (var i = 0; i < fields.Count; i++)
        {
            var violation = HttpViolation.None;
            switch (fields.Known(i))
            {
                case KnownField.Host:
                    framing.HostIndex = framing.Hosts++ == 0 ? i : framing.HostIndex;
                    break;
                case KnownField.ContentLength:
                    violation = framing.ReadLength(fields.Value(i), rules);
                    break;
                case KnownField.TransferEncoding:
                    framing.ReadCodings(fields.Value(i));
                    break;
                case KnownField.Connection:
                    framing.ReadConnection(fields.Value(i));
                    break;
                case KnownField.Upgrade:
                    framing.ReadUpgrade(fields.Value(i));
                    break;
                case KnownField.Expect:
                    framing.ExpectsContinue |= System.Text.Ascii.EqualsIgnoreCase(fields.Value(i), "100-continue"u8);
                    break;
            }

            if (violation != HttpViolation.None)
            {
                return violation;
            }
        }

        if (framing._lengths > 1)
        {
            framing.KeepOneLength(fields);
        }

        return framing._codings == 0 ? HttpViolation.None : framing.CheckCodings(fields, rules, version);
    }

    /// <summary>The connection can carry another message after this one (RFC 9112 §9.3).</summary>
    public readonly bool Persists(byte version) => !Close && (version >= 11 || KeepAlive);

    private HttpViolation ReadLength(ReadOnlySpan<byte> value, HttpRules rules)
    {
        foreach (var element in new FieldTokens(value))
        {
            if (!TryReadLength(element, out var length))
            {
                return HttpViolation.BadContentLength;
            }

            if (++_lengths > 1)
            {
                if (rules.RejectRepeatedLength)
                {
                    return HttpViolation.RepeatedContentLength;
                }

                if (length != Length)
                {
                    return HttpViolation.ConflictingContentLength;
                }
            }

            Length = length;
        }

        return HttpViolation.None;
    }

    // Digits only: no sign, no white space, no overflow (RFC 9110 §8.6).
    private static bool TryReadLength(ReadOnlySpan<byte> digits, out long length)
    {
        length = 0;
        foreach (var digit in digits)
        {
            var value = digit - '0';
            if ((uint)value > 9 || length > (long.MaxValue - value) / 10)
            {
                return false;
            }

            length = length * 10 + value;
        }

        return !digits.IsEmpty;
    }

    // Equal values count as one for us; so they must for whoever reads the fields after us.
    private readonly void KeepOneLength(FieldList fields)
    {
        Span<byte> digits = stackalloc byte[20];
        System.Buffers.Text.Utf8Formatter.TryFormat(Length, digits, out var written);
        fields.Set(KnownField.ContentLength, digits[..written]);
    }

    private void ReadCodings(ReadOnlySpan<byte> value)
    {
        foreach (var coding in new FieldTokens(value))
        {
            _codings++;
            _badCoding |= coding.IsEmpty;
            _chunkedLast = System.Text.Ascii.EqualsIgnoreCase(coding, "chunked"u8);
            _chunked += _chunkedLast ? 1 : 0;
        }
    }

    private void ReadConnection(ReadOnlySpan<byte> value)
    {
        foreach (var option in new FieldTokens(value))
        {
            switch (option.Length)
            {
                case 5:
                    Close |= System.Text.Ascii.EqualsIgnoreCase(option, "close"u8);
                    break;
                case 7:
                    _upgradeOption |= System.Text.Ascii.EqualsIgnoreCase(option, "upgrade"u8);
                    break;
                case 10:
                    KeepAlive |= System.Text.Ascii.EqualsIgnoreCase(option, "keep-alive"u8);
                    break;
            }
        }
    }

    private void ReadUpgrade(ReadOnlySpan<byte> value)
    {
        foreach (var protocol in new FieldTokens(value))
        {
            _upgradeField |= !protocol.IsEmpty;
            _upgradeToHttp2 |= System.Text.Ascii.EqualsIgnoreCase(protocol, "h2c"u8);
        }
    }

    private HttpViolation CheckCodings(FieldList fields, HttpRules rules, byte version)
    {
        if (version < 11)
        {
            if (rules.RejectChunkedHttp10)
            {
                return HttpViolation.ChunkedHttp10;
            }

            // RFC 9112 §6.1: such a message may be framed differently elsewhere; nothing may follow it.
            Close = true;
        }

        if (_badCoding || _chunked > 1)
        {
            return HttpViolation.BadTransferEncoding;
        }

        if (!_chunkedLast)
        {
            return HttpViolation.NotChunkedLast;
        }

        if (_codings > 1)
        {
            return HttpViolation.UnknownTransferCoding;
        }

        if (_lengths > 0)
        {
            if (rules.RejectLengthAndChunked)
            {
                return HttpViolation.LengthAndChunked;
            }

            // RFC 9112 §6.3: Content-Length goes, and the connection closes after the message.
            fields.RemoveAll(KnownField.ContentLength);
            Length = -1;
            Close = true;
        }

        return HttpViolation.None;
    }
}
