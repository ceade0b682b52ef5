namespace Pillion.Net.Tls;

/// <summary>The versions of TLS that are spoken; the numbers are those of the wire.</summary>
internal enum TlsVersions
{
    Tls12 = 0x0303,
    Tls13 = 0x0304,
}
