using Pillion.Core.Configuration;

namespace Pillion.Proxy.Filters.Compression;

/// <summary>What becomes of an ETag that names the body byte for byte, when the bytes become others (RFC 9110 §8.8.1).</summary>
internal enum StrongEtag : byte
{
    /// <summary>It names the content still (Envoy: weaken_etag_on_compress).</summary>
    Weaken,

    /// <summary>Envoy's default.</summary>
    Remove,

    /// <summary>Answers with any ETag are not compressed (Envoy: disable_on_etag_header).</summary>
    Keep,
}

/// <summary>Answers made smaller on their way to the client (Envoy: Compressor).</summary>
internal sealed record CompressionConfig : FilterConfig
{
    /// <summary>Below it the head and the work cost more than is saved; it is about what one packet holds beside its heads.</summary>
    public const int DefaultMinBytes = 860;

    /// <summary>Envoy's eight.</summary>
    public static readonly ValueList<string> EnvoyTypes =
    [
        "application/javascript", "application/json", "application/xhtml+xml", "image/svg+xml", "text/css", "text/html", "text/plain", "text/xml",
    ];

    /// <summary>Envoy's, and what else is text.</summary>
    public static readonly ValueList<string> DefaultTypes =
    [
        .. EnvoyTypes, "application/xml", "application/problem+json", "application/ld+json", "application/x-ndjson", "application/wasm", "text/javascript", "text/csv", "text/markdown", "text/event-stream",
    ];

    public override FilterKind Kind => FilterKinds.Compression;

    /// <summary>The first is taken where a client likes several equally.</summary>
    public ValueList<EncoderConfig> Encoders { get; init; } = [EncoderConfig.Brotli, EncoderConfig.Gzip];

    /// <summary>Bodies that announce to be smaller are left alone (Envoy: min_content_length).</summary>
    public long MinBytes { get; init; } = DefaultMinBytes;

    public ValueList<string> Types { get; init; } = DefaultTypes;

    public StrongEtag Etag { get; init; }

    /// <summary>The upstream is not told what the client takes, so that it does not compress itself (Envoy: remove_accept_encoding_header).</summary>
    public bool HidesAcceptEncoding { get; init; }

    /// <summary>Statuses whose answers are left alone (Envoy: uncompressible_response_codes).</summary>
    public ValueList<int> LeftAlone { get; init; } = [];
}
