using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Pillion.Tests.Proxy.Filters.Jwt;

/// <summary>Makes keys and tokens, by a library that is not ours (but for Ed25519, which it does not know).</summary>
internal sealed class Issuer
{
    public const string Name = "https://issuer.example";

    // Both made once by the openssl command.
    public const string Ed25519Key = """{"kty":"OKP","crv":"Ed25519","kid":"ed","x":"8NCfnyw3fWvkCbYNO2TUqJrEkYaTtSg9aeVzSR28L6I"}""";
    public const string Ed25519Token = "eyJhbGciOiJFZERTQSIsImtpZCI6ImVkIn0.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwic3ViIjoic29tZW9uZSIsImF1ZCI6Im9yZGVycyIsImV4cCI6NDEwMjQ0NDgwMH0.yRVqNKBZCIC8rRYnHvy2jcZ0FTx74Bape3WximjjjYc66vfh6KBV-8W2T87Q5GUg6t1f6SvhKEYxsB3WjaqiAw";

    private static readonly RSA Rsa = RSA.Create(2048);
    private static readonly ECDsa P256 = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private static readonly ECDsa P384 = ECDsa.Create(ECCurve.NamedCurves.nistP384);
    private static readonly ECDsa P521 = ECDsa.Create(ECCurve.NamedCurves.nistP521);

    /// <summary>The moment at which the clock of the fixtures stands.</summary>
    public static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>The set of all its public keys.</summary>
    public static string Keys(string suffix = "") => $$"""{"keys":[{{Public(Key("rsa" + suffix, "RS256"))}},{{Public(Key("p256" + suffix, "ES256"))}},{{Public(Key("p384" + suffix, "ES384"))}},{{Public(Key("p521" + suffix, "ES512"))}},{{Ed25519Key}}]}""";

    public static string Token(string algorithm = "RS256", string? keyId = null, Action<Dictionary<string, object>>? change = null)
    {
        var claims = new Dictionary<string, object>
        {
            ["iss"] = Name,
            ["sub"] = "someone",
            ["aud"] = "orders",
            ["exp"] = (Now + TimeSpan.FromMinutes(5)).ToUnixTimeSeconds(),
        };
        change?.Invoke(claims);
        var key = Key(keyId ?? UsualId(algorithm), algorithm);
        return new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(JsonSerializer.Serialize(claims), new SigningCredentials(key, algorithm));
    }

    /// <summary>A token whose header and payload are this text, signed with the RSA key.</summary>
    public static string Raw(string header, string payload)
    {
        var signed = $"{Encode(header)}.{Encode(payload)}";
        return $"{signed}.{Base64UrlEncoder.Encode(Rsa.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1))}";
    }

    public static string Encode(string text) => Base64UrlEncoder.Encode(text);

    private static string UsualId(string algorithm) => algorithm switch
    {
        "ES256" => "p256",
        "ES384" => "p384",
        "ES512" => "p521",
        _ => "rsa",
    };

    private static SecurityKey Key(string keyId, string algorithm) => algorithm switch
    {
        "ES256" => new ECDsaSecurityKey(P256) { KeyId = keyId },
        "ES384" => new ECDsaSecurityKey(P384) { KeyId = keyId },
        "ES512" => new ECDsaSecurityKey(P521) { KeyId = keyId },
        _ => new RsaSecurityKey(Rsa) { KeyId = keyId },
    };

    private static string Public(SecurityKey key)
    {
        var made = key is RsaSecurityKey rsa
            ? JsonWebKeyConverter.ConvertFromRSASecurityKey(new RsaSecurityKey(rsa.Rsa.ExportParameters(includePrivateParameters: false)) { KeyId = key.KeyId })
            : JsonWebKeyConverter.ConvertFromECDsaSecurityKey(new ECDsaSecurityKey(ECDsa.Create(((ECDsaSecurityKey)key).ECDsa.ExportParameters(includePrivateParameters: false))) { KeyId = key.KeyId });
        return JsonSerializer.Serialize(made.Kty == "RSA"
            ? new Dictionary<string, string> { ["kty"] = made.Kty, ["kid"] = made.Kid, ["n"] = made.N, ["e"] = made.E }
            : new Dictionary<string, string> { ["kty"] = made.Kty, ["kid"] = made.Kid, ["crv"] = made.Crv, ["x"] = made.X, ["y"] = made.Y });
    }
}
