namespace Pillion.Net.Detection;

/// <summary>What a PROXY header tells of the TLS between the client and the sender (PP2_TYPE_SSL).</summary>
/// <param name="IsVerified">The client gave a certificate, and it was verified.</param>
/// <param name="Version">Such as TLSv1.3; null where it is not told.</param>
/// <param name="CommonName">Of the certificate's subject; null where it is not told.</param>
internal sealed record ProxyHeaderTls(bool IsVerified, string? Version, string? CommonName);
