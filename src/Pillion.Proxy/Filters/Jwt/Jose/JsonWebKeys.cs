using System.Security.Cryptography;

namespace Pillion.Proxy.Filters.Jwt.Jose;

/// <summary>A set of keys (RFC 7517 §5) as it was once read. Another object only where its text is another: what was verified by it stays verified meanwhile.</summary>
internal sealed class JsonWebKeys
{
    private readonly byte[] _digest;

    private JsonWebKeys(JsonWebKey[] keys, string[] unused, byte[] digest)
    {
        Keys = keys;
        Unused = unused;
        _digest = digest;
    }

    public JsonWebKey[] Keys { get; }

    /// <summary>What was passed over, and why, a sentence each.</summary>
    public string[] Unused { get; }

    /// <summary>Null with a problem where the text is no set of keys, or none of its keys can be used.</summary>
    public static JsonWebKeys? Read(ReadOnlySpan<byte> json, out string problem)
    {
        var unused = new List<string>();
        var keys = JsonWebKeyReader.Read(json, unused, out problem);
        if (keys is null)
        {
            return null;
        }

        if (keys.Count == 0)
        {
            problem = unused.Count == 0 ? "it has no keys" : $"none of its keys can be used: {unused[0]}";
            return null;
        }

        return new JsonWebKeys([.. keys], [.. unused], SHA256.HashData(json));
    }

    /// <summary>It was read of the same text.</summary>
    public bool IsSameAs(JsonWebKeys? other) => other is not null && _digest.AsSpan().SequenceEqual(other._digest);

    /// <summary>A key of this id is here.</summary>
    public bool Has(string keyId) => Keys.Any(key => key.Id == keyId);
}
