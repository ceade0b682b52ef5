using Pillion.Core.Configuration;
using Pillion.Proxy.Configuration;

namespace Pillion.Proxy.Filters.ExternalAuthorization;

/// <summary>How an authorization service is asked by HTTP (Envoy: HttpService).</summary>
internal sealed record HttpAuthorizationConfig
{
    /// <summary>Before the request's own path (Envoy: path_prefix).</summary>
    public string PathPrefix { get; init; } = "";

    /// <summary>Headers of the request that are told, besides method, path, Host and Authorization (Envoy: authorization_request.allowed_headers).</summary>
    public ValueList<ValueMatchConfig> AllowedHeaders { get; init; } = [];

    /// <summary>Headers added to the question; values may hold operators (Envoy: headers_to_add).</summary>
    public ValueList<HeaderValueConfig> AddedHeaders { get; init; } = [];

    /// <summary>Headers of an answer that allows, which the upstream gets in place of the client's (Envoy: allowed_upstream_headers).</summary>
    public ValueList<ValueMatchConfig> UpstreamHeaders { get; init; } = [];

    /// <summary>The same, beside the client's (Envoy: allowed_upstream_headers_to_append).</summary>
    public ValueList<ValueMatchConfig> AppendedHeaders { get; init; } = [];

    /// <summary>Headers of an answer that denies, which the client gets; empty gives all (Envoy: allowed_client_headers).</summary>
    public ValueList<ValueMatchConfig> ClientHeaders { get; init; } = [];

    /// <summary>Headers of an answer that allows, which the client gets (Envoy: allowed_client_headers_on_success).</summary>
    public ValueList<ValueMatchConfig> ClientHeadersOnSuccess { get; init; } = [];
}
