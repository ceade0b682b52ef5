using Pillion.Core.Configuration;

namespace Pillion.Proxy.Filters.Jwt;

/// <summary>The issuers that are believed. Written once and inherited: routes below share their keys and their cache.</summary>
internal sealed record JwtProvidersConfig : FilterConfig
{
    public override FilterKind Kind => FilterKinds.Jwt;

    public ValueList<JwtProviderConfig> Providers { get; init; } = [];
}
