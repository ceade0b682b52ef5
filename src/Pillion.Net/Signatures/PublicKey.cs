using System.Runtime.InteropServices;
using Pillion.Net.Tls.OpenSsl;

namespace Pillion.Net.Signatures;

/// <summary>
/// A public key that checks signatures, by the system's OpenSSL. Any thread may use it: nothing of the key changes. A check allocates nothing on our side
/// and takes from a tenth of a millisecond (RSA, P-256, Ed25519) to one or two (P-384, P-521) on a busy machine, which a loop can bear once for each new token.
/// </summary>
internal sealed unsafe class PublicKey : SafeHandle
{
    // RFC 7518 §3.3: shorter ones MUST NOT be used. Longer ones than any in use cost time for nothing.
    private const int LeastRsaBits = 2048;
    private const int MostRsaBits = 8192;

    private const int PaddingPss = 6;
    private const int SaltAsLongAsDigest = -1;

    // SEQUENCE of two INTEGERs of 66 bytes each, with a zero before them and three-byte heads.
    private const int MostDerSignature = 3 + (2 * (3 + 67));

    private PublicKey(nint key, KeyFamily family)
        : base(0, ownsHandle: true)
    {
        SetHandle(key);
        Family = family;
    }

    public KeyFamily Family { get; }

    public override bool IsInvalid => handle == 0;

    /// <summary>Null with a problem, in words, where the numbers make no key.</summary>
    public static PublicKey? FromRsa(ReadOnlySpan<byte> modulus, ReadOnlySpan<byte> exponent, out string problem)
    {
        modulus = modulus.TrimStart((byte)0);
        exponent = exponent.TrimStart((byte)0);
        var bits = modulus.IsEmpty ? 0 : (modulus.Length * 8) - System.Numerics.BitOperations.LeadingZeroCount(modulus[0]) + 24;
        problem =
            bits < LeastRsaBits ? $"its modulus has {bits} bits; at least {LeastRsaBits} are needed" :
            bits > MostRsaBits ? $"its modulus has {bits} bits; at most {MostRsaBits} are taken" :
            exponent.IsEmpty || exponent.Length > 8 || (exponent[^1] & 1) == 0 || exponent is [1] ? "its exponent is not one of RSA" : "";
        return problem.Length > 0 ? null : Decode(SubjectPublicKey.OfRsa(modulus, exponent), KeyFamily.Rsa, ref problem);
    }

    /// <param name="x">Of the curve's full length, as RFC 7518 §6.2.1.2 has it.</param>
    /// <param name="y">Likewise.</param>
    /// <param name="problem">Says why there is no key.</param>
    public static PublicKey? FromCurve(KeyFamily curve, ReadOnlySpan<byte> x, ReadOnlySpan<byte> y, out string problem)
    {
        var length = CoordinateBytes(curve);
        problem = x.Length == length && y.Length == length ? "" : $"its coordinates are not of {length} bytes";
        return problem.Length > 0 ? null : Decode(SubjectPublicKey.OfCurve(curve, x, y), curve, ref problem);
    }

    public static PublicKey? FromEd25519(ReadOnlySpan<byte> x, out string problem)
    {
        problem = x.Length == 32 ? "" : "it is not of 32 bytes";
        return problem.Length > 0 ? null : Decode(SubjectPublicKey.OfEd25519(x), KeyFamily.Ed25519, ref problem);
    }

    /// <summary>The key is of the kind that the algorithm signs with.</summary>
    public bool Fits(SignatureAlgorithm algorithm) => Family == algorithm switch
    {
        SignatureAlgorithm.ES256 => KeyFamily.P256,
        SignatureAlgorithm.ES384 => KeyFamily.P384,
        SignatureAlgorithm.ES512 => KeyFamily.P521,
        SignatureAlgorithm.EdDsa => KeyFamily.Ed25519,
        _ => KeyFamily.Rsa,
    } && algorithm != SignatureAlgorithm.None;

    /// <summary>The signature is this key's, of this message. That of a curve is the two numbers side by side (RFC 7518 §3.4).</summary>
    public bool Verify(SignatureAlgorithm algorithm, ReadOnlySpan<byte> message, scoped ReadOnlySpan<byte> signature)
    {
        if (!Fits(algorithm))
        {
            return false;
        }

        Span<byte> der = stackalloc byte[MostDerSignature];
        if (Family is KeyFamily.P256 or KeyFamily.P384 or KeyFamily.P521)
        {
            if (signature.Length != 2 * CoordinateBytes(Family))
            {
                return false;
            }

            signature = der[..WriteDer(signature, der)];
        }

        var context = LibCrypto.NewDigest();
        try
        {
            nint keyContext;
            if (LibCrypto.StartDigestVerification(context, &keyContext, Digest(algorithm), 0, handle) != 1)
            {
                return false;
            }

            if (algorithm is SignatureAlgorithm.PS256 or SignatureAlgorithm.PS384 or SignatureAlgorithm.PS512 &&
                (LibCrypto.SetRsaPadding(keyContext, PaddingPss) != 1 || LibCrypto.SetPssSaltLength(keyContext, SaltAsLongAsDigest) != 1))
            {
                return false;
            }

            fixed (byte* signatureBytes = signature, messageBytes = message)
            {
                return LibCrypto.DigestVerify(context, signatureBytes, (nuint)signature.Length, messageBytes, (nuint)message.Length) == 1;
            }
        }
        finally
        {
            LibCrypto.FreeDigest(context);
            LibCrypto.ClearErrors();
            GC.KeepAlive(this);
        }
    }

    protected override bool ReleaseHandle()
    {
        LibCrypto.FreeKey(handle);
        return true;
    }

    private static PublicKey? Decode(byte[] spki, KeyFamily family, ref string problem)
    {
        if (!OpenSslLibrary.IsAvailable(out problem))
        {
            return null;
        }

        LibCrypto.ClearErrors();
        fixed (byte* start = spki)
        {
            var at = start;
            var key = LibCrypto.ReadPublicKey(null, &at, spki.Length);
            if (key != 0)
            {
                return new PublicKey(key, family);
            }
        }

        problem = $"it is no key: {OpenSslError.Take().Text}";
        return null;
    }

    private static int CoordinateBytes(KeyFamily curve) => curve switch
    {
        KeyFamily.P256 => 32,
        KeyFamily.P384 => 48,
        _ => 66,
    };

    // Ed25519 hashes by itself.
    private static nint Digest(SignatureAlgorithm algorithm) => algorithm switch
    {
        SignatureAlgorithm.RS256 or SignatureAlgorithm.PS256 or SignatureAlgorithm.ES256 => LibCrypto.Sha256(),
        SignatureAlgorithm.RS384 or SignatureAlgorithm.PS384 or SignatureAlgorithm.ES384 => LibCrypto.Sha384(),
        SignatureAlgorithm.RS512 or SignatureAlgorithm.PS512 or SignatureAlgorithm.ES512 => LibCrypto.Sha512(),
        _ => 0,
    };

    // RFC 3279 §2.2.3: SEQUENCE of r and s.
    private static int WriteDer(ReadOnlySpan<byte> sides, Span<byte> der)
    {
        Span<byte> numbers = stackalloc byte[MostDerSignature];
        var length = WriteInteger(sides[..(sides.Length / 2)], numbers);
        length += WriteInteger(sides[(sides.Length / 2)..], numbers[length..]);
        var head = 0;
        der[head++] = 0x30;
        if (length >= 0x80)
        {
            der[head++] = 0x81;
        }

        der[head++] = (byte)length;
        numbers[..length].CopyTo(der[head..]);
        return head + length;
    }

    private static int WriteInteger(ReadOnlySpan<byte> number, Span<byte> into)
    {
        number = number.TrimStart((byte)0);
        var zero = number.IsEmpty || number[0] >= 0x80 ? 1 : 0;
        into[0] = 2;
        into[1] = (byte)(number.Length + zero);
        into[2] = 0;
        number.CopyTo(into[(2 + zero)..]);
        return 2 + zero + number.Length;
    }
}
