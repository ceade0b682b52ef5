namespace Pillion.Net.Detection;

/// <summary>What a peer speaks, judged by its first bytes.</summary>
internal enum ProtocolKind : byte
{
    NeedMore,
    Tls,
    Http1,

    /// <summary>The preface of HTTP/2 in the clear, by prior knowledge (RFC 9113 §3.3).</summary>
    Http2,

    /// <summary>Nothing that is known here: bytes to be relayed.</summary>
    Opaque,
}
