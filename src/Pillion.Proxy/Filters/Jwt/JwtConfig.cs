using Pillion.Core.Configuration;
using Pillion.Proxy.Configuration;

namespace Pillion.Proxy.Filters.Jwt;

/// <summary>Who must show which token (Envoy: JwtAuthentication).</summary>
internal sealed record JwtConfig : FilterConfig
{
    public override FilterKind Kind => FilterKinds.Jwt;

    /// <summary>What an application takes for verified must come from us alone.</summary>
    public override IEnumerable<string> FieldsRead => Providers.Providers.SelectMany(provider => provider.HeadersMade);

    public required JwtProvidersConfig Providers { get; init; }

    /// <summary>Of every request; null where <see cref="Rules"/> say it, or nothing is required.</summary>
    public JwtRequirement? Requirement { get; init; }

    /// <summary>The first that matches says what is required; what none matches needs no token (Envoy: rules).</summary>
    public ValueList<JwtRuleConfig> Rules { get; init; } = [];

    /// <summary>Requirements that routes may name (Envoy: requirement_map).</summary>
    public ValueList<JwtNamedRequirement> Named { get; init; } = [];

    /// <summary>A browser asks by OPTIONS without a token whether it may ask at all (Envoy: bypass_cors_preflight).</summary>
    public bool PassesPreflight { get; init; }

    /// <summary>A token that is no good is taken out of a request that passes all the same, as a good one is; Envoy leaves it there.</summary>
    public bool StripsBadTokens { get; init; }
}

/// <summary>A rule of Envoy's list.</summary>
/// <param name="Requirement">Null needs no token.</param>
internal sealed record JwtRuleConfig(RouteMatchConfig Match, JwtRequirement? Requirement);

/// <summary>A requirement under a name.</summary>
internal sealed record JwtNamedRequirement(string Name, JwtRequirement Requirement);
