using Pillion.Core.Configuration;

namespace Pillion.Proxy.Filters.Jwt;

internal enum JwtRequirementKind
{
    /// <summary>A token of one provider.</summary>
    Provider,

    Any,

    All,

    /// <summary>No token, or a good one of whichever provider.</summary>
    AllowMissing,

    /// <summary>In a list: a token that is no good passes, none does not.</summary>
    AllowFailed,

    /// <summary>Whatever comes passes; a good token is made use of.</summary>
    AllowMissingOrFailed,
}

/// <summary>What a request must show (Envoy: JwtRequirement).</summary>
internal sealed record JwtRequirement(JwtRequirementKind Kind)
{
    public string Provider { get; init; } = "";

    /// <summary>Instead of the provider's own; null leaves those (Envoy: provider_and_audiences).</summary>
    public ValueList<string>? Audiences { get; init; }

    public ValueList<JwtRequirement> Of { get; init; } = [];

    public SourceLine Source { get; init; }
}
