using System.Formats.Asn1;
using System.Security.Cryptography;
using Pillion.Core.Configuration;
using Pillion.Net.Tls;

namespace Pillion.Core.Identity;

/// <summary>Certificates and keys that a peer must have one of, by their SHA-256 (Envoy: verify_certificate_hash, verify_certificate_spki).</summary>
/// <param name="Certificates">64 lower-case hex digits each.</param>
/// <param name="Keys">Of the SubjectPublicKeyInfo, in Base64 (RFC 7469 §2.4).</param>
internal sealed record CertificatePins(ValueList<string> Certificates, ValueList<string> Keys)
{
    public static readonly CertificatePins None = new([], []);

    public bool IsEmpty => Certificates.Count == 0 && Keys.Count == 0;

    /// <summary>As people and openssl write it, with colons or without; null when it is none.</summary>
    public static string? ReadCertificate(string text)
    {
        var hex = text.Replace(":", "", StringComparison.Ordinal).ToLowerInvariant();
        return hex.Length == 64 && hex.All(char.IsAsciiHexDigit) ? hex : null;
    }

    /// <summary>Null when it is none.</summary>
    public static string? ReadKey(string text)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes + 1];
        return Convert.TryFromBase64String(text, hash, out var length) && length == SHA256.HashSizeInBytes ? text : null;
    }

    public bool Match(PeerCertificate leaf) => Certificates.Contains(leaf.Sha256) || (Keys.Count > 0 && KeyOf(leaf.Der) is { } key && Keys.Contains(key));

    // RFC 5280 §4.1: version, serial, signature, issuer, validity, subject, and then the key.
    private static string? KeyOf(ReadOnlyMemory<byte> der)
    {
        try
        {
            var certificate = new AsnReader(der, AsnEncodingRules.DER).ReadSequence().ReadSequence();
            if (certificate.PeekTag().HasSameClassAndValue(new Asn1Tag(TagClass.ContextSpecific, 0)))
            {
                certificate.ReadEncodedValue();
            }

            for (var field = 0; field < 5; field++)
            {
                certificate.ReadEncodedValue();
            }

            return Convert.ToBase64String(SHA256.HashData(certificate.ReadEncodedValue().Span));
        }
        catch (AsnContentException)
        {
            return null;
        }
    }
}
