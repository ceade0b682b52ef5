namespace Pillion.Net.Http;

/// <summary>
/// What a listener rejects, normalises and limits. Every default is the safe choice; each can be switched off alone.
/// RFC 9110, RFC 9112 and RFC 3986 §5.2.4 are the sources; limits follow Envoy's names and figures.
/// </summary>
internal sealed record HttpRules
{
    public static readonly HttpRules Default = new();

    /// <summary>Bytes of a head, request line included; above it 431 (Envoy: max_request_headers_kb, 60).</summary>
    public int MaxHeadBytes { get; init; } = 60 * 1024;

    /// <summary>Fields in a head; above it 431 (Envoy: max_headers_count, 100).</summary>
    public int MaxFields { get; init; } = 100;

    /// <summary>Bytes of a request target; above it 414.</summary>
    public int MaxTargetBytes { get; init; } = 8 * 1024;

    /// <summary>Reject a message with both Content-Length and Transfer-Encoding (RFC 9112 §6.3); else Transfer-Encoding wins and Content-Length is dropped.</summary>
    public bool RejectLengthAndChunked { get; init; } = true;

    /// <summary>Reject repeated Content-Length, even with equal values; else equal values count as one.</summary>
    public bool RejectRepeatedLength { get; init; } = true;

    /// <summary>Reject HTTP/1.0 with Transfer-Encoding (RFC 9112 §6.1); else the body is read as chunked.</summary>
    public bool RejectChunkedHttp10 { get; init; } = true;

    /// <summary>Reject a line that ends in LF without CR, in heads, chunk sizes and trailers; else a bare LF ends a line. A bare CR is always rejected.</summary>
    public bool RejectBareLineFeed { get; init; } = true;

    /// <summary>Reject a folded field value (RFC 9112 §5.2); else the fold becomes one space.</summary>
    public bool RejectFolding { get; init; } = true;

    /// <summary>Reject white space between a field name and its colon (RFC 9112 §5.1); else it is dropped.</summary>
    public bool RejectSpaceBeforeColon { get; init; } = true;

    /// <summary>Reject control bytes in field values other than HTAB (RFC 9110 §5.5); NUL, CR and LF are always rejected.</summary>
    public bool RejectControlBytes { get; init; } = true;

    /// <summary>Reject HTTP/1.1 without Host and any request with more than one (RFC 9112 §3.2); else the first one counts.</summary>
    public bool RequireOneHost { get; init; } = true;

    /// <summary>Reject <c>%00</c> in a path.</summary>
    public bool RejectEncodedNul { get; init; } = true;

    /// <summary>Resolve <c>.</c> and <c>..</c>, also written <c>%2e</c>, before matching and in what is sent on (Envoy: normalize_path).</summary>
    public bool NormalizeDotSegments { get; init; } = true;

    /// <summary>Repeated slashes count as one in matching; they are sent on as they came.</summary>
    public bool MergeSlashesInMatching { get; init; } = true;

    /// <summary>A letter, digit, '-', '.', '_' or '~' written as <c>%41</c> counts as itself in matching (RFC 3986 §6.2.2.2); it is sent on as it came.</summary>
    public bool DecodeUnreservedInMatching { get; init; } = true;

    /// <summary>Reject a field whose name, its underscores read as hyphens, is one that Pillion sets or a policy reads.</summary>
    public bool RejectAliasedUnderscores { get; init; } = true;

    /// <summary>Names that policies read beside the fields Pillion knows; compiled from the routes, guarded like Pillion's own.</summary>
    public FieldNameSet? PolicyFieldNames { get; init; }

    /// <summary>Accept HTTP/1.0 requests (Envoy: accept_http_10, there off).</summary>
    public bool AcceptHttp10 { get; init; } = true;
}
