namespace Pillion.Core.Configuration.Roles;

/// <summary>Another trust domain and the file of its authorities.</summary>
internal sealed record FederatedBundleConfig(string TrustDomain, string Bundle);
