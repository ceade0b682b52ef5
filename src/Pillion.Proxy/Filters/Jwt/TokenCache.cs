using System.Security.Cryptography;
using Pillion.Proxy.Filters.Jwt.Jose;

namespace Pillion.Proxy.Filters.Jwt;

/// <summary>
/// Tokens of one provider that one loop has verified, by their SHA-256: the tokens themselves are not kept. Bounded; the oldest goes first. What was verified
/// with other keys than those of now is not found.
/// </summary>
internal sealed class TokenCache(int capacity)
{
    private readonly Dictionary<TokenHash, Entry> _entries = new(capacity);
    private readonly TokenHash[] _order = new TokenHash[capacity];
    private int _next;

    public static TokenHash Hash(ReadOnlySpan<byte> token)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(token, digest);
        return new(BitConverter.ToUInt64(digest), BitConverter.ToUInt64(digest[8..]), BitConverter.ToUInt64(digest[16..]), BitConverter.ToUInt64(digest[24..]));
    }

    public VerifiedToken? Find(TokenHash hash, JsonWebKeys keys) =>
        _entries.TryGetValue(hash, out var entry) && ReferenceEquals(entry.Keys, keys) ? entry.Token : null;

    public void Add(TokenHash hash, JsonWebKeys keys, VerifiedToken token)
    {
        if (capacity == 0)
        {
            return;
        }

        if (!_entries.ContainsKey(hash))
        {
            if (_entries.Count == capacity)
            {
                _entries.Remove(_order[_next]);
            }

            _order[_next] = hash;
            _next = (_next + 1) % capacity;
        }

        _entries[hash] = new Entry(keys, token);
    }

    private readonly record struct Entry(JsonWebKeys Keys, VerifiedToken Token);
}

/// <summary>The SHA-256 of a token.</summary>
internal readonly record struct TokenHash(ulong A, ulong B, ulong C, ulong D);
