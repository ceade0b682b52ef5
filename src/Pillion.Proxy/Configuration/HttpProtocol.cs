namespace Pillion.Proxy.Configuration;

/// <summary>Which version of HTTP is spoken on a connection.</summary>
internal enum HttpProtocol
{
    /// <summary>Downstream: what ALPN settles or the first bytes show. Upstream: what ALPN settles, else HTTP/1.1 (Envoy: codec_type AUTO, auto_config).</summary>
    Auto,
    Http1,
    Http2,

    /// <summary>Upstream only: what the request came with (Envoy: use_downstream_protocol_config).</summary>
    AsDownstream,
}
