using System.Buffers.Text;
using System.Text.Json;
using Pillion.Core.Configuration;
using Pillion.Net.Signatures;

namespace Pillion.Proxy.Filters.Jwt.Jose;

/// <summary>Reads <c>{ "keys": [ … ] }</c> (RFC 7517 §5), or the one key that stands alone.</summary>
internal static class JsonWebKeyReader
{
    private const int MostKeys = 200;

    /// <summary>Keys that can check signatures; others are passed over with a sentence (RFC 7517 §5: of types that are not known they SHOULD be). Null with a problem.</summary>
    public static List<JsonWebKey>? Read(ReadOnlySpan<byte> json, List<string> unused, out string problem)
    {
        problem = "";
        try
        {
            using var document = JsonDocument.Parse(json.ToArray(), new JsonDocumentOptions { MaxDepth = 16 });
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object)
            {
                problem = "it is not a set of keys, { \"keys\": [ … ] }";
                return null;
            }

            if (!root.TryGetProperty("keys"u8, out var list))
            {
                if (!root.TryGetProperty("kty"u8, out _))
                {
                    problem = "it has no 'keys'; a set of keys is { \"keys\": [ … ] }";
                    return null;
                }

                return One(root, 0, unused) is { } alone ? [alone] : [];
            }

            if (list.ValueKind != JsonValueKind.Array || list.GetArrayLength() > MostKeys)
            {
                problem = $"its 'keys' are not a list of at most {MostKeys}";
                return null;
            }

            var keys = new List<JsonWebKey>();
            var index = 0;
            foreach (var item in list.EnumerateArray())
            {
                if (One(item, index++, unused) is { } key)
                {
                    keys.Add(key);
                }
            }

            return keys;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            problem = "it is not JSON";
            return null;
        }
    }

    private static JsonWebKey? One(JsonElement item, int index, List<string> unused)
    {
        if (item.ValueKind != JsonValueKind.Object)
        {
            unused.Add($"key {index + 1} is no map");
            return null;
        }

        var id = Text(item, "kid"u8);
        var name = id is null ? $"key {index + 1}" : $"key {ConfigError.Quote(id)}";
        var why =
            Text(item, "use"u8) is { } use && use != "sig" ? "is not for signatures" :
            item.TryGetProperty("key_ops"u8, out var operations) && !MayVerify(operations) ? "is not for verifying" : null;
        var algorithm = SignatureAlgorithm.None;
        if (why is null && Text(item, "alg"u8) is { } written)
        {
            algorithm = AlgorithmOf(written);
            why = algorithm == SignatureAlgorithm.None ? $"is for {ConfigError.Quote(written)}, and only {JoseNames.Taken} are taken" : null;
        }

        if (why is not null)
        {
            unused.Add($"{name} {why}");
            return null;
        }

        var key = Numbers(item, out var problem);
        if (key is not null && algorithm != SignatureAlgorithm.None && !key.Fits(algorithm))
        {
            problem = "it is of another kind than its 'alg'";
            key = null;
        }

        if (key is null)
        {
            unused.Add($"{name} cannot be used: {problem}");
            return null;
        }

        return new JsonWebKey(id, algorithm, key);
    }

    private static PublicKey? Numbers(JsonElement item, out string problem)
    {
        switch (Text(item, "kty"u8))
        {
            case "RSA":
                return PublicKey.FromRsa(Bytes(item, "n"u8), Bytes(item, "e"u8), out problem);
            case "EC" when CurveOf(Text(item, "crv"u8)) is { } curve:
                return PublicKey.FromCurve(curve, Bytes(item, "x"u8), Bytes(item, "y"u8), out problem);
            case "OKP" when Text(item, "crv"u8) == "Ed25519":
                return PublicKey.FromEd25519(Bytes(item, "x"u8), out problem);
            case "EC" or "OKP":
                problem = "its curve is not P-256, P-384, P-521 or Ed25519";
                return null;
            case "oct":
                problem = "it is a shared secret, with which whoever checks a token could make one";
                return null;
            default:
                problem = "its 'kty' is not RSA, EC or OKP";
                return null;
        }
    }

    private static KeyFamily? CurveOf(string? name) => name switch
    {
        "P-256" => KeyFamily.P256,
        "P-384" => KeyFamily.P384,
        "P-521" => KeyFamily.P521,
        _ => null,
    };

    private static SignatureAlgorithm AlgorithmOf(string name)
    {
        var reader = new Utf8JsonReader(System.Text.Encoding.UTF8.GetBytes($"\"{JsonEncodedText.Encode(name)}\""));
        reader.Read();
        return JoseNames.Algorithm(ref reader);
    }

    private static bool MayVerify(JsonElement operations) =>
        operations.ValueKind == JsonValueKind.Array && operations.EnumerateArray().Any(operation => operation.ValueKind == JsonValueKind.String && operation.ValueEquals("verify"u8));

    private static string? Text(JsonElement item, ReadOnlySpan<byte> name) =>
        item.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static byte[] Bytes(JsonElement item, ReadOnlySpan<byte> name)
    {
        var text = Text(item, name);
        if (text is null || text.Length > 4096 || !Base64Url.IsValid(text))
        {
            return [];
        }

        return Base64Url.DecodeFromChars(text);
    }
}
