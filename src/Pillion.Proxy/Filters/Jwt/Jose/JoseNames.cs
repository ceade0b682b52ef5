using System.Text.Json;
using Pillion.Net.Signatures;

namespace Pillion.Proxy.Filters.Jwt.Jose;

/// <summary>The names of JOSE's algorithms that are taken (RFC 7518 §3.1, RFC 8037 §3.1, RFC 9864 §2.2); there is no other list.</summary>
internal static class JoseNames
{
    public const string Taken = "RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512 and EdDSA";

    private static readonly (byte[] Name, SignatureAlgorithm Algorithm)[] Algorithms =
    [
        ("RS256"u8.ToArray(), SignatureAlgorithm.RS256),
        ("RS384"u8.ToArray(), SignatureAlgorithm.RS384),
        ("RS512"u8.ToArray(), SignatureAlgorithm.RS512),
        ("PS256"u8.ToArray(), SignatureAlgorithm.PS256),
        ("PS384"u8.ToArray(), SignatureAlgorithm.PS384),
        ("PS512"u8.ToArray(), SignatureAlgorithm.PS512),
        ("ES256"u8.ToArray(), SignatureAlgorithm.ES256),
        ("ES384"u8.ToArray(), SignatureAlgorithm.ES384),
        ("ES512"u8.ToArray(), SignatureAlgorithm.ES512),
        ("EdDSA"u8.ToArray(), SignatureAlgorithm.EdDsa),
        ("Ed25519"u8.ToArray(), SignatureAlgorithm.EdDsa),
    ];

    /// <summary>The text that the reader stands at; none where it is not one that is taken.</summary>
    public static SignatureAlgorithm Algorithm(ref Utf8JsonReader reader)
    {
        foreach (var (name, algorithm) in Algorithms)
        {
            if (reader.ValueTextEquals(name))
            {
                return algorithm;
            }
        }

        return SignatureAlgorithm.None;
    }
}
