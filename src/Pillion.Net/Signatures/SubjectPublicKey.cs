using System.Formats.Asn1;

namespace Pillion.Net.Signatures;

/// <summary>SubjectPublicKeyInfo (RFC 5280 §4.1.2.7) of bare numbers: the form in which OpenSSL takes every kind of public key.</summary>
internal static class SubjectPublicKey
{
    public static byte[] OfRsa(ReadOnlySpan<byte> modulus, ReadOnlySpan<byte> exponent)
    {
        var key = new AsnWriter(AsnEncodingRules.DER);
        using (key.PushSequence())
        {
            key.WriteIntegerUnsigned(modulus);
            key.WriteIntegerUnsigned(exponent);
        }

        return Of("1.2.840.113549.1.1.1", writer => writer.WriteNull(), key.Encode());
    }

    /// <summary>RFC 5480 §2.2: the point, uncompressed.</summary>
    public static byte[] OfCurve(KeyFamily curve, ReadOnlySpan<byte> x, ReadOnlySpan<byte> y)
    {
        var name = curve switch
        {
            KeyFamily.P256 => "1.2.840.10045.3.1.7",
            KeyFamily.P384 => "1.3.132.0.34",
            _ => "1.3.132.0.35",
        };
        return Of("1.2.840.10045.2.1", writer => writer.WriteObjectIdentifier(name), [4, .. x, .. y]);
    }

    /// <summary>RFC 8410 §4.</summary>
    public static byte[] OfEd25519(ReadOnlySpan<byte> x) => Of("1.3.101.112", parameters: null, x.ToArray());

    private static byte[] Of(string algorithm, Action<AsnWriter>? parameters, byte[] key)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier(algorithm);
                parameters?.Invoke(writer);
            }

            writer.WriteBitString(key);
        }

        return writer.Encode();
    }
}
