using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Pillion.Net.Tls.OpenSsl;

/// <summary>
/// Verifies a peer's chain in place of OpenSSL's own way: the trust is asked about the leaf, and its chain must end in the store of the
/// verdict. The number that is left behind makes the alert.
/// </summary>
internal static unsafe class ChainVerification
{
    // X509_V_ERR_*
    private const int Ok = 0;
    private const int Unspecified = 1;
    private const int UnableToGetIssuer = 2;
    private const int UnableToGetRevocationList = 3;
    private const int NotYetValid = 9;
    private const int HasExpired = 10;
    private const int SelfSignedLeaf = 18;
    private const int SelfSignedInChain = 19;
    private const int UnableToGetIssuerLocally = 20;
    private const int UnableToVerifyLeaf = 21;
    private const int Revoked = 23;
    private const int Untrusted = 27;
    private const int Rejected = 28;
    private const int HostMismatch = 62;
    private const int AddressMismatch = 64;

    public static delegate* unmanaged[Cdecl]<nint, void*, int> Callback => &Verify;

    /// <summary>X509_STORE_CTX's callback of SSL_CTX_set_cert_verify_callback.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Verify(nint handshake, void* argument)
    {
        var engine = SslEngine.Current;
        if (engine.Negotiation is not { Trust: { } trust } negotiation)
        {
            return 1;
        }

        try
        {
            var leaf = LibCrypto.VerifiedLeaf(handshake);
            var error = negotiation.Judge(trust, negotiation.Peers.Read(leaf)) is { } store
                ? Verify(negotiation, store, leaf, LibCrypto.UntrustedChain(handshake), LibSsl.SecurityLevel(engine.Ssl))
                : ErrorOf(negotiation.Refusal);
            LibCrypto.SetVerificationError(handshake, error);
            return error == Ok ? 1 : 0;
        }
        catch (Exception exception)
        {
            // No exception may pass through OpenSSL's frames.
            negotiation.Refuse(TlsRefusal.Other, $"the certificate could not be judged: {exception.Message}");
            LibCrypto.SetVerificationError(handshake, Unspecified);
            return 0;
        }
    }

    /// <summary>What is in the way of a chain of our own, whichever side we are; null when nothing is.</summary>
    public static string? Problem(TrustStore store, nint leaf, nint chain, DateTimeOffset now)
    {
        const int securityLevel = 1;
        foreach (var server in new[] { null, new TlsServerSettings { Certificates = [] } })
        {
            var negotiation = new Negotiation { Trust = null, Now = now, Server = server, Peers = new KnownPeers() };
            if (Verify(negotiation, store, leaf, chain, securityLevel) != Ok)
            {
                return negotiation.Cause;
            }
        }

        return null;
    }

    private static int Verify(Negotiation negotiation, TrustStore store, nint leaf, nint chain, int securityLevel)
    {
        var verification = LibCrypto.NewVerification();
        try
        {
            if (verification == 0 || LibCrypto.StartVerification(verification, store.Handle, leaf, chain) != 1)
            {
                negotiation.Refuse(TlsRefusal.Other, "out of memory");
                return Unspecified;
            }

            // The peer of a server is a client: its certificate must be good for that.
            fixed (byte* purpose = negotiation.Server is null ? "ssl_server\0"u8 : "ssl_client\0"u8)
            {
                LibCrypto.SetPurpose(verification, purpose);
            }

            LibCrypto.SetTime(verification, 0, (nint)negotiation.Now.ToUnixTimeSeconds());
            LibCrypto.SetSecurityLevel(LibCrypto.Parameters(verification), securityLevel);
            LibCrypto.SetVerificationCallback(verification, &Tolerate);
            if (LibCrypto.Verify(verification) == 1)
            {
                return Ok;
            }

            var error = LibCrypto.VerificationError(verification);
            negotiation.Refuse(RefusalOf(error), Describe(verification, error));
            return error == Ok ? Unspecified : error;
        }
        finally
        {
            GC.KeepAlive(store);
            LibCrypto.FreeVerification(verification);
        }
    }

    // A list must be there for whoever issued the leaf; an authority is checked where there is a list for it.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Tolerate(int ok, nint verification)
    {
        if (ok == 0 && LibCrypto.VerificationError(verification) == UnableToGetRevocationList && LibCrypto.VerificationDepth(verification) > 0)
        {
            LibCrypto.SetVerificationError(verification, Ok);
            return 1;
        }

        return ok;
    }

    private static TlsRefusal RefusalOf(int error) => error switch
    {
        HasExpired => TlsRefusal.Expired,
        NotYetValid => TlsRefusal.NotYetValid,
        SelfSignedLeaf => TlsRefusal.SelfSigned,
        UnableToGetIssuer or UnableToGetIssuerLocally or UnableToVerifyLeaf or SelfSignedInChain or Untrusted => TlsRefusal.UnknownIssuer,
        Revoked => TlsRefusal.Revoked,
        >= HostMismatch and <= AddressMismatch => TlsRefusal.WrongName,
        _ => TlsRefusal.BadCertificate,
    };

    /// <summary>The error whose alert fits a refusal that came before the chain.</summary>
    private static int ErrorOf(TlsRefusal refusal) => refusal switch
    {
        TlsRefusal.Expired => HasExpired,
        TlsRefusal.NotYetValid => NotYetValid,
        TlsRefusal.Revoked => Revoked,
        TlsRefusal.SelfSigned => SelfSignedLeaf,
        TlsRefusal.UnknownIssuer or TlsRefusal.WrongTrustDomain => UnableToGetIssuerLocally,
        TlsRefusal.WrongName => HostMismatch,
        _ => Rejected,
    };

    private static string Describe(nint verification, int error)
    {
        var depth = LibCrypto.VerificationDepth(verification);
        var faulty = LibCrypto.FaultyCertificate(verification);
        var subject = depth == 0 || faulty == 0 ? "the certificate" : $"'{CertificateReader.Name(LibCrypto.Subject(faulty))}', {depth} above the certificate,";
        return error switch
        {
            HasExpired when faulty != 0 => $"{subject} expired {Moment(LibCrypto.NotAfter(faulty))}",
            NotYetValid when faulty != 0 => $"{subject} is not valid before {Moment(LibCrypto.NotBefore(faulty))}",
            SelfSignedLeaf => $"{subject} is self-signed and not trusted here",
            SelfSignedInChain or UnableToGetIssuer or UnableToGetIssuerLocally or UnableToVerifyLeaf or Untrusted => $"{subject} was issued by nobody who is trusted here",
            Revoked => $"{subject} was revoked",
            UnableToGetRevocationList => $"{subject} cannot be checked: there is no revocation list of its issuer",
            _ => $"{subject} is not valid: {Marshal.PtrToStringUTF8((nint)LibCrypto.VerificationText(error))}",
        };
    }

    private static string Moment(nint time) => CertificateReader.Time(time).ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
