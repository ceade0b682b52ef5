namespace Pillion.Proxy.Configuration;

/// <summary>What happens to X-Forwarded-Client-Cert (Envoy: forward_client_cert_details).</summary>
internal enum ForwardClientCert
{
    Sanitize,

    /// <summary>Kept where the connection is mutual TLS, else removed.</summary>
    ForwardOnly,

    /// <summary>Appended where the connection is mutual TLS, else removed.</summary>
    AppendForward,

    /// <summary>Replaced where the connection is mutual TLS, else removed.</summary>
    SanitizeSet,
    AlwaysForwardOnly,
}

/// <summary>What X-Forwarded-Client-Cert says of the peer besides By and Hash (Envoy: set_current_client_cert_details).</summary>
internal sealed record ClientCertificateForwarding
{
    public ForwardClientCert Mode { get; init; }

    public bool Subject { get; init; }

    public bool Cert { get; init; }

    public bool Dns { get; init; }

    public bool Uri { get; init; }
}
