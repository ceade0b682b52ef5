using System.Text;
using Pillion.Net.Http.Http1;
using Pillion.Net.Http.Http2.Hpack;

namespace Pillion.Net.Http.Http2;

/// <summary>What reading a field block came to.</summary>
internal enum FieldBlockResult : byte
{
    Read,

    /// <summary>It breaks a rule of HTTP that is answered as one (431, 400).</summary>
    Violated,

    /// <summary>It is no message of HTTP/2 (RFC 9113 §8.1.1): the stream is reset.</summary>
    Malformed,

    /// <summary>It cannot be decoded: the connection is over.</summary>
    Broken,
}

/// <summary>
/// Reads field blocks into heads and trailers, as strictly as the codec of HTTP/1 reads lines. A block is always read to its end, whatever
/// is found in it, because the next one builds on its table.
/// </summary>
internal ref struct FieldBlockReader(HpackDecoder decoder, HttpRules rules, ReadOnlySpan<byte> block)
{
    // RFC 9113 §6.5.2: how a list of fields is measured.
    private const int FieldOverhead = 32;

    private readonly ReadOnlySpan<byte> _block = block;
    private int _at;
    private int _left = rules.MaxHeadBytes;
    private HttpViolation _malformed;
    private HttpViolation _violation;

    /// <summary>The rule that was broken, where one was.</summary>
    public readonly HttpViolation Violation => _malformed != HttpViolation.None ? _malformed : _violation;

    /// <summary>Reads the block for the sake of the table only; false when it cannot be decoded.</summary>
    public static bool Skip(HpackDecoder decoder, ReadOnlySpan<byte> block)
    {
        decoder.BeginBlock();
        var at = 0;
        HpackStep step;
        do
        {
            step = decoder.Read(block, ref at, room: 0, out _);
        }
        while (step == HpackStep.Field);
        return step == HpackStep.End;
    }

    public FieldBlockResult Read(RequestHead head, bool allowsProtocol)
    {
        var seen = 0;
        var cookies = 0;
        var isRegular = false;
        var hasProtocol = false;
        Span<byte> protocol = stackalloc byte[MessageSwitch.MaxProtocol];
        decoder.BeginBlock();
        HpackStep step;
        while ((step = Next(out var field)) == HpackStep.Field)
        {
            if (field.IsOversized || Violation != HttpViolation.None)
            {
                continue;
            }

            if (field.Pseudo == Pseudo.None)
            {
                isRegular = true;
                AddRequestField(head, field, ref cookies);
                continue;
            }

            var bit = 1 << (int)field.Pseudo;
            if (isRegular || (seen & bit) != 0 || field.Flaws != FieldFlaws.None)
            {
                _malformed = HttpViolation.BadPseudoField;
                continue;
            }

            seen |= bit;
            switch (field.Pseudo)
            {
                case Pseudo.Method:
                    ReadMethod(head, field.Value);
                    break;
                case Pseudo.Scheme:
                    head.IsHttps = Ascii.EqualsIgnoreCase(field.Value, "https"u8);
                    if (!head.IsHttps && !Ascii.EqualsIgnoreCase(field.Value, "http"u8))
                    {
                        _violation = HttpViolation.BadScheme;
                    }

                    break;
                case Pseudo.Authority:
                    head.SetAuthority(field.Value);
                    break;
                case Pseudo.Path when field.Value.Length > rules.MaxTargetBytes:
                    _violation = HttpViolation.TargetTooLong;
                    break;
                case Pseudo.Path:
                    head.SetTarget(field.Value);
                    break;
                case Pseudo.Protocol when allowsProtocol && field.Value.Length <= protocol.Length && HttpBytes.IsToken(field.Value):
                    hasProtocol = true;
                    field.Value.CopyTo(protocol);
                    protocol = protocol[..field.Value.Length];
                    break;
                default:
                    _malformed = HttpViolation.BadPseudoField;
                    break;
            }
        }

        if (step == HpackStep.Broken)
        {
            return FieldBlockResult.Broken;
        }

        if (Violation == HttpViolation.None)
        {
            RequestChecks.Complete(head, rules, seen, hasProtocol ? protocol : default, cookies, ref _malformed, ref _violation);
        }

        return Result;
    }

    public FieldBlockResult Read(ResponseHead head)
    {
        var isRegular = false;
        decoder.BeginBlock();
        HpackStep step;
        while ((step = Next(out var field)) == HpackStep.Field)
        {
            if (field.IsOversized || Violation != HttpViolation.None)
            {
                continue;
            }

            if (field.Pseudo == Pseudo.None)
            {
                isRegular = true;
                if (CheckField(field, head.Fields.Count))
                {
                    head.Fields.Add(field.Known, field.Name, field.Value, field.IsSensitive);
                }

                continue;
            }

            // RFC 9113 §8.3.2; 101 has no meaning here (§8.6).
            if (field.Pseudo != Pseudo.Status || isRegular || head.Status != 0 || !TryReadStatus(field.Value, out var status) || status == 101)
            {
                _malformed = HttpViolation.BadPseudoField;
                continue;
            }

            head.Status = status;
        }

        if (step == HpackStep.Broken)
        {
            return FieldBlockResult.Broken;
        }

        if (Violation == HttpViolation.None && head.Status == 0)
        {
            _malformed = HttpViolation.BadPseudoField;
        }

        return Result;
    }

    public FieldBlockResult ReadTrailers(FieldList trailers)
    {
        decoder.BeginBlock();
        HpackStep step;
        while ((step = Next(out var field)) == HpackStep.Field)
        {
            if (field.IsOversized || Violation != HttpViolation.None)
            {
                continue;
            }

            if (field.Pseudo != Pseudo.None)
            {
                _malformed = HttpViolation.BadPseudoField;
            }
            else if (CheckField(field, trailers.Count))
            {
                _violation = TrailerFields.Add(field.Known, field.Name, field.Value, rules, trailers);
            }
        }

        return step == HpackStep.Broken ? FieldBlockResult.Broken : Result;
    }

    private readonly FieldBlockResult Result =>
        _malformed != HttpViolation.None ? FieldBlockResult.Malformed :
        _violation != HttpViolation.None ? FieldBlockResult.Violated : FieldBlockResult.Read;

    private HpackStep Next(out HpackField field)
    {
        // Once something is wrong nothing is kept any more.
        var room = Violation == HttpViolation.None ? _left - FieldOverhead : 0;
        var step = decoder.Read(_block, ref _at, Math.Max(0, room), out field);
        if (step == HpackStep.Field)
        {
            _left -= field.Name.Length + field.Value.Length + FieldOverhead;
            if ((field.IsOversized || _left < 0) && Violation == HttpViolation.None)
            {
                _violation = HttpViolation.HeadTooLarge;
            }
        }

        return step;
    }

    private void AddRequestField(RequestHead head, in HpackField field, ref int cookies)
    {
        // RFC 9113 §8.2.3: one field that came in several, and is joined when all are here.
        var isCrumb = field.Known == KnownField.Cookie && cookies++ > 0;
        if (!CheckField(field, isCrumb ? 0 : head.Fields.Count))
        {
            return;
        }

        if (field.Known == KnownField.TE && !Ascii.EqualsIgnoreCase(field.Value, "trailers"u8))
        {
            _malformed = HttpViolation.ConnectionSpecificField;
            return;
        }

        if (field.Known == KnownField.Other && rules.RejectAliasedUnderscores && GuardedFields.IsAlias(field.Name, rules.PolicyFieldNames))
        {
            _violation = HttpViolation.AliasedUnderscore;
            return;
        }

        head.Fields.Add(field.Known, field.Name, field.Value, field.IsSensitive);
    }

    private bool CheckField(in HpackField field, int count)
    {
        var flaws = field.Flaws;
        if (flaws != FieldFlaws.None)
        {
            if ((flaws & (FieldFlaws.UpperCase | FieldFlaws.BadName | FieldFlaws.BadValue)) != 0)
            {
                _malformed =
                    (flaws & FieldFlaws.UpperCase) != 0 ? HttpViolation.UpperCaseFieldName :
                    (flaws & FieldFlaws.BadName) != 0 ? HttpViolation.BadFieldName : HttpViolation.BadFieldValue;
                return false;
            }

            if (rules.RejectControlBytes)
            {
                _violation = HttpViolation.ControlByte;
                return false;
            }
        }

        switch (field.Known)
        {
            case KnownField.Connection or KnownField.KeepAlive or KnownField.ProxyConnection or KnownField.TransferEncoding or KnownField.Upgrade:
                _malformed = HttpViolation.ConnectionSpecificField;
                return false;
            case KnownField.Other when field.Name.Length > short.MaxValue:
                _violation = HttpViolation.FieldNameTooLong;
                return false;
        }

        if (count >= rules.MaxFields)
        {
            _violation = HttpViolation.TooManyFields;
            return false;
        }

        return true;
    }

    private void ReadMethod(RequestHead head, ReadOnlySpan<byte> value)
    {
        if (!HttpBytes.IsToken(value))
        {
            _malformed = HttpViolation.BadMethod;
        }
        else if (value.Length > RequestLine.MaxMethod)
        {
            _violation = HttpViolation.MethodTooLong;
        }
        else
        {
            head.SetMethod(HttpMethods.Identify(value), value);
        }
    }

    private static bool TryReadStatus(ReadOnlySpan<byte> value, out int status)
    {
        status = 0;
        if (value.Length != 3 || value[0] is < (byte)'1' or > (byte)'9' || !HttpBytes.IsDigit(value[1]) || !HttpBytes.IsDigit(value[2]))
        {
            return false;
        }

        status = ((value[0] - '0') * 100) + ((value[1] - '0') * 10) + (value[2] - '0');
        return true;
    }
}
