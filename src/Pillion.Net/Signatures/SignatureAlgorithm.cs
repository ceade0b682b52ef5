namespace Pillion.Net.Signatures;

/// <summary>How a signature is made, by JOSE's names (RFC 7518 §3.1, RFC 8037 §3.1). What anybody could sign, <c>none</c> and the HS family, is not here.</summary>
internal enum SignatureAlgorithm : byte
{
    None,
    RS256,
    RS384,
    RS512,
    PS256,
    PS384,
    PS512,
    ES256,
    ES384,
    ES512,
    EdDsa,
}
