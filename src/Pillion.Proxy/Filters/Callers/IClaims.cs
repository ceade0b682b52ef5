namespace Pillion.Proxy.Filters.Callers;

/// <summary>What a credential that was verified says of its bearer.</summary>
internal interface IClaims
{
    /// <summary>Who vouches for the bearer; null where the credential does not say.</summary>
    string? Issuer { get; }

    /// <summary>Whom it speaks of; null where it does not say.</summary>
    string? Subject { get; }

    /// <summary>
    /// The values of a claim: several where it is a list, as JSON writes them where they are numbers or booleans, none where it is a map. A claim of the
    /// whole name is looked for first, because names may have dots of their own; then the dots lead into maps. Allocates nothing.
    /// </summary>
    /// <param name="path">Such as <c>groups</c>, <c>realm_access.roles</c> or <c>https://example.org/roles</c>.</param>
    /// <returns>False where there is no such claim.</returns>
    bool TryGetClaim(ReadOnlySpan<char> path, out ReadOnlySpan<string> values);
}
