using System.Net;
using System.Text;

namespace Pillion.Net.Tls.OpenSsl;

/// <summary>Copies out of OpenSSL's form of a certificate what the rest of the program asks for.</summary>
internal static unsafe class CertificateReader
{
    // RFC 5280 §4.2.1.3 numbers the bits of keyUsage from the first; OpenSSL keeps the bytes, so that bit 0 is 0x80 and bit 8 is 0x8000.
    private const int KeyUsageBits = 9;

    public static PeerCertificate Read(nint certificate, string? fingerprint = null)
    {
        List<string> uris = [], names = [], addresses = [];
        ReadAlternativeNames(certificate, uris, names, addresses);
        return new PeerCertificate
        {
            Der = Der(certificate),
            Subject = Name(LibCrypto.Subject(certificate)),
            UriNames = uris,
            DnsNames = names,
            IpNames = addresses,
            Sha256 = fingerprint ?? Fingerprint(certificate),
            SerialNumber = Convert.ToHexStringLower(Bytes(LibCrypto.SerialNumber(certificate))),
            NotBefore = Time(LibCrypto.NotBefore(certificate)),
            NotAfter = Time(LibCrypto.NotAfter(certificate)),
            IsAuthority = (LibCrypto.ExtensionFlags(certificate) & LibCrypto.ExtensionAuthority) != 0,
            KeyUsage = Usage(LibCrypto.KeyUsage(certificate)),
        };
    }

    /// <summary>A moment of a certificate; one that cannot be read has passed long ago.</summary>
    public static DateTimeOffset Time(nint time)
    {
        // struct tm: nine ints, then the zone's offset and name; 56 bytes.
        var fields = stackalloc int[14];
        return time != 0 && LibCrypto.ToTime(time, fields) == 1
            ? new DateTimeOffset(fields[5] + 1900, fields[4] + 1, fields[3], fields[2], fields[1], Math.Min(fields[0], 59), TimeSpan.Zero)
            : DateTimeOffset.MinValue;
    }

    public static string Name(nint name)
    {
        var bio = LibCrypto.NewBio(LibCrypto.MemoryBioMethod());
        try
        {
            byte* text;
            return LibCrypto.PrintName(bio, name, 0, LibCrypto.NameRfc2253) >= 0 && LibCrypto.ControlBio(bio, LibCrypto.BioControlInfo, 0, &text) is > 0 and var length
                ? Encoding.UTF8.GetString(text, (int)length)
                : "";
        }
        finally
        {
            LibCrypto.FreeBio(bio);
        }
    }

    private static byte[] Der(nint certificate)
    {
        var der = new byte[LibCrypto.EncodeCertificate(certificate, null)];
        fixed (byte* start = der)
        {
            var end = start;
            LibCrypto.EncodeCertificate(certificate, &end);
        }

        return der;
    }

    /// <summary>SHA-256, in lower-case hex digits.</summary>
    public static string Fingerprint(nint certificate)
    {
        var digest = stackalloc byte[32];
        uint length = 0;
        LibCrypto.Digest(certificate, LibCrypto.Sha256(), digest, &length);
        return Convert.ToHexStringLower(new ReadOnlySpan<byte>(digest, (int)length));
    }

    private static void ReadAlternativeNames(nint certificate, List<string> uris, List<string> dnsNames, List<string> addresses)
    {
        var names = LibCrypto.Extension(certificate, LibCrypto.NidSubjectAlternativeName, null, null);
        if (names == 0)
        {
            return;
        }

        for (var i = 0; i < LibCrypto.Count(names); i++)
        {
            int type;
            var value = LibCrypto.NameValue(LibCrypto.Item(names, i), &type);
            switch (type)
            {
                case LibCrypto.NameUri:
                    uris.Add(Encoding.Latin1.GetString(Bytes(value)));
                    break;
                case LibCrypto.NameDns:
                    dnsNames.Add(Encoding.Latin1.GetString(Bytes(value)));
                    break;
                case LibCrypto.NameAddress when Bytes(value) is { Length: 4 or 16 } address:
                    addresses.Add(new IPAddress(address).ToString());
                    break;
                default:
                    break;
            }
        }

        LibCrypto.FreeNames(names);
    }

    private static ReadOnlySpan<byte> Bytes(nint text) =>
        text == 0 ? default : new ReadOnlySpan<byte>(LibCrypto.StringData(text), LibCrypto.StringLength(text));

    private static int? Usage(uint usage)
    {
        if (usage == uint.MaxValue)
        {
            return null;
        }

        var bits = 0;
        for (var bit = 0; bit < KeyUsageBits; bit++)
        {
            bits |= (usage & (bit < 8 ? 0x80u >> bit : 0x8000u)) != 0 ? 1 << bit : 0;
        }

        return bits;
    }
}
