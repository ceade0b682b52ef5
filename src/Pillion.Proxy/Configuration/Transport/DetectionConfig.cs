namespace Pillion.Proxy.Configuration.Transport;

/// <summary>Whether and how long the first bytes of a connection are looked at before a chain is chosen.</summary>
internal sealed record DetectionConfig
{
    /// <summary>Look for a TLS client hello: its names and protocols (Envoy: the tls_inspector listener filter). Also on where a chain asks for what only it can tell.</summary>
    public bool Tls { get; init; }

    /// <summary>Look whether it is HTTP/1 or HTTP/2 (Envoy: the http_inspector listener filter). Also on where a chain serves both HTTP and other bytes.</summary>
    public bool Http { get; init; }

    /// <summary>Beyond this the client is taken as silent, and served as opaque bytes at once (Envoy: listener_filters_timeout, 15 s).</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Serve a connection that was not understood in time; else it is closed (Envoy: continue_on_listener_filters_timeout, there off).</summary>
    public bool ContinueOnTimeout { get; init; } = true;
}
