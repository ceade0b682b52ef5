namespace Pillion.Net.Tls;

/// <summary>What is spoken where nothing is configured.</summary>
internal static class TlsDefaults
{
    /// <summary>TLS 1.2 with forward secrecy and authenticated encryption only (RFC 9325 §4.2).</summary>
    public const string CipherSuites =
        "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
        + "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";

    /// <summary>TLS 1.3 has no others but for constrained devices. The shorter key first: as safe here, and 7 % less work for each byte.</summary>
    public const string CipherSuites13 = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";

    /// <summary>The fast ones that every peer has; no finite-field groups, whose cost a client could choose for us.</summary>
    public const string Groups = "X25519:P-256:P-384";
}
