using Pillion.Core.Configuration;

namespace Pillion.Proxy.Filters.Compression;

/// <summary>Bodies that are unpacked on their way (Envoy: Decompressor), with a bound: a small one can unpack to any size.</summary>
internal sealed record DecompressionConfig : FilterConfig
{
    public const int DefaultMaxBytes = 100 * 1024 * 1024;

    /// <summary>Envoy: max_inflate_ratio. Text seldom reaches 20.</summary>
    public const int DefaultMaxRatio = 100;

    public override FilterKind Kind => FilterKinds.Decompression;

    public bool Requests { get; init; }

    public bool Answers { get; init; }

    /// <summary>Answers are unpacked for clients that take the coding as well, as Envoy does.</summary>
    public bool AnswersAlways { get; init; }

    /// <summary>The upstream is told that the codings are understood (Envoy: advertise_accept_encoding).</summary>
    public bool Advertises { get; init; }

    public ValueList<ContentCoding> Codings { get; init; } = [ContentCoding.Brotli, ContentCoding.Gzip];

    /// <summary>The largest body that comes out; 0 is no limit.</summary>
    public long MaxBytes { get; init; } = DefaultMaxBytes;

    /// <summary>What comes out may be so many times what went in; 0 is no limit.</summary>
    public int MaxRatio { get; init; } = DefaultMaxRatio;
}
