using Pillion.Net.Tls.OpenSsl;

namespace Pillion.Net.Tls;

/// <summary>A certificate with the chain that proves it, its private key, and the staple that says it is not revoked. Immutable; loops share it.</summary>
internal sealed class TlsCertificate
{
    private readonly nint _leaf;
    private readonly nint _key;
    private readonly nint _chain;

    private TlsCertificate(nint leaf, nint key, nint chain, byte[] ocspResponse)
    {
        _leaf = leaf;
        _key = key;
        _chain = chain;
        OcspResponse = ocspResponse;
        Leaf = CertificateReader.Read(leaf);
        NotAfter = Leaf.NotAfter;
        for (var i = 0; i < LibCrypto.Count(chain); i++)
        {
            var end = CertificateReader.Time(LibCrypto.NotAfter(LibCrypto.Item(chain, i)));
            NotAfter = end < NotAfter ? end : NotAfter;
        }
    }

    ~TlsCertificate()
    {
        for (var i = 0; i < LibCrypto.Count(_chain); i++)
        {
            LibCrypto.FreeCertificate(LibCrypto.Item(_chain, i));
        }

        LibCrypto.FreeStack(_chain);
        LibCrypto.FreeCertificate(_leaf);
        LibCrypto.FreeKey(_key);
    }

    public PeerCertificate Leaf { get; }

    /// <summary>When the first certificate of the chain expires.</summary>
    public DateTimeOffset NotAfter { get; }

    /// <summary>An OCSP response (RFC 6066 §8) in DER; empty where there is none.</summary>
    public ReadOnlyMemory<byte> OcspResponse { get; }

    /// <summary>Null with a problem in words where the three do not make a usable certificate. The leaf comes first, then who issued it.</summary>
    public static TlsCertificate? FromPem(ReadOnlySpan<byte> chainPem, ReadOnlySpan<byte> keyPem, ReadOnlySpan<byte> ocspResponseDer, out string problem)
    {
        if (!OpenSslLibrary.IsAvailable(out problem) || Pem.Certificates(chainPem, out problem) is not { } certificates)
        {
            return null;
        }

        var key = certificates.Count == 0 ? 0 : Pem.Key(keyPem, out problem);
        if (certificates.Count == 0)
        {
            problem = "there is no certificate in it (a PEM file has lines that begin with -----BEGIN CERTIFICATE-----)";
        }
        else if (key != 0 && (problem = Mismatch(certificates, key) ?? StapleProblem(ocspResponseDer) ?? "").Length == 0)
        {
            var chain = LibCrypto.NewStack();
            foreach (var certificate in certificates.Skip(1))
            {
                LibCrypto.Push(chain, certificate);
            }

            return new TlsCertificate(certificates[0], key, chain, ocspResponseDer.ToArray());
        }

        certificates.ForEach(LibCrypto.FreeCertificate);
        LibCrypto.FreeKey(key);
        return null;
    }

    /// <summary>Judges the chain as peers do whom it is shown to as a server and as a client. Null: it leads to an authority of the store.</summary>
    public string? ProblemAgainst(TrustStore store, DateTimeOffset now)
    {
        var problem = ChainVerification.Problem(store, _leaf, _chain, now);
        GC.KeepAlive(this);
        return problem;
    }

    /// <summary>Makes it the certificate of a context (SSL_CTX), which holds what it needs by itself.</summary>
    internal bool UseForContext(nint context)
    {
        LibCrypto.ClearErrors();
        var isUsed = LibSsl.UseCertificate(context, _leaf, _key, _chain, replace: 1) == 1;
        GC.KeepAlive(this);
        return isUsed;
    }

    /// <summary>Makes it the certificate of one connection (SSL).</summary>
    internal bool UseFor(nint ssl)
    {
        // A certificate with another kind of key would stay beside it, and OpenSSL might prefer that.
        LibSsl.ForgetCertificates(ssl);
        var isUsed = LibSsl.UseCertificateOfConnection(ssl, _leaf, _key, _chain, replace: 1) == 1;
        GC.KeepAlive(this);
        return isUsed;
    }

    private static string? Mismatch(List<nint> certificates, nint key)
    {
        var fits = certificates.FindIndex(certificate => LibCrypto.KeyFits(certificate, key) == 1);
        LibCrypto.ClearErrors();
        return fits switch
        {
            0 => null,
            < 0 => $"the private key does not belong to the certificate '{CertificateReader.Name(LibCrypto.Subject(certificates[0]))}'",
            _ => $"the private key belongs to certificate {fits + 1} of the chain; put that first, and behind it who issued it",
        };
    }

    private static unsafe string? StapleProblem(ReadOnlySpan<byte> der)
    {
        if (der.IsEmpty)
        {
            return null;
        }

        fixed (byte* bytes = der)
        {
            var end = bytes;
            var response = LibCrypto.ReadOcspResponse(null, &end, der.Length);
            LibCrypto.ClearErrors();
            if (response == 0)
            {
                return "the OCSP response cannot be read; it must be in DER";
            }

            var status = LibCrypto.OcspStatus(response);
            LibCrypto.FreeOcspResponse(response);
            return status == 0 ? null : $"the OCSP response is an error of its responder (status {status}) and says nothing about the certificate";
        }
    }
}
