using Pillion.Net.Signatures;

namespace Pillion.Proxy.Filters.Jwt.Jose;

/// <summary>A public key of a set (RFC 7517 §4).</summary>
/// <param name="Id">Its <c>kid</c>; null where it has none.</param>
/// <param name="Algorithm">The only one that it is for; none where it does not say.</param>
internal sealed record JsonWebKey(string? Id, SignatureAlgorithm Algorithm, PublicKey Key)
{
    /// <summary>A token that says this of its signature may be this key's.</summary>
    public bool MayHaveSigned(SignatureAlgorithm algorithm, string? keyId) =>
        Key.Fits(algorithm) && (Algorithm == SignatureAlgorithm.None || Algorithm == algorithm) && (keyId is null || Id is null || Id == keyId);
}
