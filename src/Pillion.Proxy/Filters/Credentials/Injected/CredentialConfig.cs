using Pillion.Core.Identity.Secrets;

namespace Pillion.Proxy.Filters.Credentials.Injected;

/// <summary>A secret that is put into requests, so that the application need not hold it (Envoy: CredentialInjector with a generic credential).</summary>
internal sealed record CredentialConfig : FilterConfig
{
    public override FilterKind Kind => FilterKinds.Credential;

    /// <summary>Null only after a mistake.</summary>
    public SecretPart? Secret { get; init; }

    public string Header { get; init; } = "authorization";

    /// <summary>Stands before the secret, such as <c>Bearer </c>.</summary>
    public string Prefix { get; init; } = "";

    /// <summary>Takes the place of what the application sent there (Envoy: overwrite, false).</summary>
    public bool Overwrites { get; init; }
}
