using Pillion.Proxy.Forwarding.Coding;

namespace Pillion.Proxy.Filters.Compression;

/// <param name="Level">gzip: 1 to 9; brotli: 0 to 11.</param>
/// <param name="Window">Bits of brotli's window; gzip's is 32 KiB.</param>
internal sealed record EncoderConfig(ContentCoding Coding, int Level, int Window)
{
    /// <summary>What a loop can afford: the levels above these make bodies a few per cent smaller at several times the cost.</summary>
    public static readonly EncoderConfig Brotli = new(ContentCoding.Brotli, 3, 16);

    public static readonly EncoderConfig Gzip = new(ContentCoding.Gzip, 4, 15);

    public BodyCoder Make() => Coding == ContentCoding.Brotli ? new BrotliBody(Level, Window) : new GzipBody(Level);
}
