namespace Pillion.Net.Tls;

/// <summary>Why a handshake was refused or failed, in one word each: a metric label, a log sentence and the alert follow from it.</summary>
internal enum TlsRefusal : byte
{
    None,

    /// <summary>A client certificate is required and none was given.</summary>
    NoCertificate,
    Expired,
    NotYetValid,

    /// <summary>The chain ends in no certificate that is trusted here.</summary>
    UnknownIssuer,
    SelfSigned,
    Revoked,

    /// <summary>The certificate is good and belongs to somebody else than those allowed.</summary>
    WrongName,

    /// <summary>A SPIFFE identity of a trust domain whose bundle is not known here.</summary>
    WrongTrustDomain,

    /// <summary>Not a valid X.509-SVID leaf: no or several URI SANs, a CA, or key usages that the standard forbids (SPIFFE X509-SVID §4–5).</summary>
    BadSvid,

    /// <summary>Any other fault of the chain: signature, constraints, purpose.</summary>
    BadCertificate,

    /// <summary>The two sides share no protocol version, cipher suite or application protocol.</summary>
    NothingInCommon,

    /// <summary>The peer sent an alert: it refuses us.</summary>
    PeerRefused,

    /// <summary>What came is not TLS.</summary>
    NotTls,

    /// <summary>The handshake was not finished in time.</summary>
    TimedOut,

    /// <summary>The connection ended within the handshake.</summary>
    Ended,
    Other,
}
