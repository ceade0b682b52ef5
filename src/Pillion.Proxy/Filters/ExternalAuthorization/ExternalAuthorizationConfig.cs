using Pillion.Core.Configuration;
using Pillion.Proxy.Configuration;

namespace Pillion.Proxy.Filters.ExternalAuthorization;

/// <summary>A service that is asked whether a request may pass (Envoy: ExtAuthz).</summary>
internal sealed record ExternalAuthorizationConfig : FilterConfig
{
    public override FilterKind Kind => FilterKinds.ExternalAuthorization;

    /// <summary>The cluster that is asked.</summary>
    public required string Cluster { get; init; }

    /// <summary>It is asked by HTTP requests; null asks by gRPC, <c>envoy.service.auth.v3.Authorization</c>.</summary>
    public HttpAuthorizationConfig? Http { get; init; }

    /// <summary>Of gRPC: what the request names as the authority; the cluster's name when null.</summary>
    public string? Authority { get; init; }

    /// <summary>Envoy: 200 ms.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>What cannot be asked about passes (Envoy: failure_mode_allow).</summary>
    public bool FailsOpen { get; init; }

    /// <summary>What passes unasked says so to the upstream by <c>x-envoy-auth-failure-mode-allowed</c> (Envoy: failure_mode_allow_header_add).</summary>
    public bool TellsFailOpen { get; init; }

    /// <summary>The answer where it cannot be asked (Envoy: status_on_error, 403).</summary>
    public int FailureStatus { get; init; } = 403;

    /// <summary>So much of the body is sent to it; 0 sends none of it (Envoy: with_request_body.max_request_bytes).</summary>
    public int MaxBodyBytes { get; init; }

    /// <summary>A longer body is sent to it in part, else the answer is 413 (Envoy: allow_partial_message).</summary>
    public bool AllowsPartialBody { get; init; }

    /// <summary>The body goes as bytes, whatever is in it (Envoy: pack_as_bytes).</summary>
    public bool PacksBodyAsBytes { get; init; }

    /// <summary>The peer's certificate goes with it (Envoy: include_peer_certificate).</summary>
    public bool IncludesCertificate { get; init; }

    /// <summary>Of gRPC: only these headers are told; empty tells all (Envoy: allowed_headers).</summary>
    public ValueList<ValueMatchConfig> AllowedHeaders { get; init; } = [];

    /// <summary>Of gRPC: these headers are never told (Envoy: disallowed_headers).</summary>
    public ValueList<ValueMatchConfig> DisallowedHeaders { get; init; } = [];

    /// <summary>What the file says to it about this route (Envoy: context_extensions).</summary>
    public ValueList<ContextExtension> Context { get; init; } = [];
}

/// <summary>A word to the authorization service.</summary>
internal sealed record ContextExtension(string Name, string Value);
