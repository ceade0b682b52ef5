using Pillion.Proxy.Filters.Jwt.Jose;

namespace Pillion.Proxy.Filters.Jwt;

/// <summary>A token whose signature, issuer and form were found good, with all that is made of it. Its times and audiences are asked for each request.</summary>
internal sealed class VerifiedToken(JwtClaims claims, byte[]?[] headerValues, byte[]? payload)
{
    public JwtClaims Claims => claims;

    /// <summary>Beside the provider's claim headers; null where a claim is not there.</summary>
    public byte[]?[] HeaderValues => headerValues;

    /// <summary>In base64url, where a header carries it on.</summary>
    public byte[]? Payload => payload;
}
