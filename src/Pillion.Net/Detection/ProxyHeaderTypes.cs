namespace Pillion.Net.Detection;

/// <summary>The types of the values in a PROXY header of version 2 that are read or written here (§2.2).</summary>
internal static class ProxyHeaderTypes
{
    public const byte Alpn = 0x01;
    public const byte Authority = 0x02;
    public const byte Crc32C = 0x03;
    public const byte Ssl = 0x20;
    public const byte SslVersion = 0x21;
    public const byte SslCommonName = 0x22;

    /// <summary>In the range for custom use; what ztunnel sends a peer's SPIFFE id in.</summary>
    public const byte Identity = 0xD0;
}
