using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Pillion.Proxy.Filters.Credentials.ApiKeys;

/// <summary>
/// Clients by the SHA-256 of their keys; the keys themselves are not kept. Looking one up by its digest tells nobody anything by its time: whoever
/// could choose digests would have to have the keys.
/// </summary>
internal sealed class ApiKeyTable
{
    public const int LongestName = 128;

    private const string Hashed = "{SHA256}";

    private readonly Dictionary<ulong, List<(byte[] Digest, string Client)>> _byStart = [];

    public int Count { get; private set; }

    /// <summary>Null when it was added, else what is wrong.</summary>
    /// <param name="key">The key, or <c>{SHA256}</c> and its digest in hex.</param>
    public string? TryAdd(string client, string key)
    {
        if (client.Length > LongestName)
        {
            return $"name is longer than {LongestName} characters";
        }

        byte[] digest;
        if (key.StartsWith(Hashed, StringComparison.Ordinal))
        {
            if (key.Length != Hashed.Length + 64 || key.AsSpan(Hashed.Length).ContainsAnyExcept("0123456789abcdefABCDEF"))
            {
                return $"digest is not {Hashed} and 64 hex digits";
            }

            digest = Convert.FromHexString(key.AsSpan(Hashed.Length));
        }
        else
        {
            digest = SHA256.HashData(Encoding.UTF8.GetBytes(key));
        }

        if (Find(digest) is { } other)
        {
            return $"key is that of '{other}' too";
        }

        var start = BinaryPrimitives.ReadUInt64LittleEndian(digest);
        if (!_byStart.TryGetValue(start, out var same))
        {
            _byStart.Add(start, same = []);
        }

        same.Add((digest, client));
        Count++;
        return null;
    }

    /// <summary>The client whose key it is; null is nobody's. Allocates nothing.</summary>
    public string? ClientOf(ReadOnlySpan<byte> key)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(key, digest);
        return Find(digest);
    }

    private string? Find(ReadOnlySpan<byte> digest)
    {
        if (!_byStart.TryGetValue(BinaryPrimitives.ReadUInt64LittleEndian(digest), out var same))
        {
            return null;
        }

        foreach (var (known, client) in same)
        {
            if (CryptographicOperations.FixedTimeEquals(known, digest))
            {
                return client;
            }
        }

        return null;
    }
}
