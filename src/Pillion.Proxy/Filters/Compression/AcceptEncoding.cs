using System.Text;
using Pillion.Net.Http;

namespace Pillion.Proxy.Filters.Compression;

/// <summary>How much a client wants a coding, by its Accept-Encoding (RFC 9110 §12.5.3).</summary>
internal static class AcceptEncoding
{
    private const int Full = 1000;

    /// <summary>In thousandths; 0 is not at all. Without the field nothing is said, and nothing is done.</summary>
    public static int Quality(FieldList fields, ReadOnlySpan<byte> coding)
    {
        var any = 0;
        for (var i = fields.IndexOf(KnownField.AcceptEncoding); i >= 0; i = fields.IndexOf(KnownField.AcceptEncoding, i + 1))
        {
            foreach (var element in new FieldTokens(fields.Value(i)))
            {
                var end = element.IndexOf((byte)';');
                var name = HttpBytes.TrimOws(end < 0 ? element : element[..end]);
                var quality = end < 0 ? Full : Weight(element[(end + 1)..]);
                if (Ascii.EqualsIgnoreCase(name, coding) || (name.Length == coding.Length + 2 && Ascii.EqualsIgnoreCase(name[..2], "x-"u8) && Ascii.EqualsIgnoreCase(name[2..], coding)))
                {
                    return quality;
                }

                if (name is [(byte)'*'])
                {
                    any = quality;
                }
            }
        }

        return any;
    }

    // weight = ";" "q=" ( 0 [ . 0*3DIGIT ] / 1 [ . 0*3"0" ] ); anything else refuses the coding rather than force it on the client.
    private static int Weight(ReadOnlySpan<byte> parameter)
    {
        parameter = HttpBytes.TrimOws(parameter);
        if (parameter.Length < 3 || (parameter[0] | 0x20) != 'q' || parameter[1] != '=' || parameter[2] is not ((byte)'0' or (byte)'1'))
        {
            return 0;
        }

        var weight = (parameter[2] - '0') * Full;
        var digits = parameter[3..];
        if (digits.IsEmpty)
        {
            return weight;
        }

        if (digits[0] != '.' || digits.Length > 4)
        {
            return 0;
        }

        var unit = 100;
        foreach (var digit in digits[1..])
        {
            if (!char.IsAsciiDigit((char)digit))
            {
                return 0;
            }

            weight += (digit - '0') * unit;
            unit /= 10;
        }

        return Math.Min(weight, Full);
    }
}
