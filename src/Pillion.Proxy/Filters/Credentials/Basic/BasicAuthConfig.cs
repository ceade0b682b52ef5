using Pillion.Core.Identity.Secrets;

namespace Pillion.Proxy.Filters.Credentials.Basic;

/// <summary>Which users may ask, by their passwords (RFC 7617; Envoy: BasicAuth).</summary>
internal sealed record BasicAuthConfig : FilterConfig
{
    public override FilterKind Kind => FilterKinds.BasicAuth;

    public override IEnumerable<string> FieldsRead => UserHeader is null ? [Header] : [Header, UserHeader];

    /// <summary>Lines of htpasswd; null only after a mistake.</summary>
    public SecretPart? Users { get; init; }

    /// <summary>Said to clients that have to ask their user (RFC 7235 §2.2).</summary>
    public string Realm { get; init; } = "pillion";

    /// <summary>Where the credential stands (Envoy: authentication_header).</summary>
    public string Header { get; init; } = "authorization";

    /// <summary>Tells the upstream who the user is; null does not (Envoy: forward_username_header).</summary>
    public string? UserHeader { get; init; }

    /// <summary>The password goes on with the request.</summary>
    public bool Keeps { get; init; }
}
