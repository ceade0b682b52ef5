using Pillion.Proxy.Filters.Jwt.Jose;

namespace Pillion.Proxy.Filters.Jwt;

/// <summary>
/// Tokens of one provider that one loop has verified. Found by all of their bytes: a token is believed because it is the one that was verified, and a digest
/// that could be relied on for that costs more than everything else a request pays. Bounded; the oldest goes first. What was verified with other keys than
/// those of now is not found.
/// </summary>
internal sealed class TokenCache
{
    private readonly int _capacity;
    private readonly Dictionary<byte[], Entry> _entries;
    private readonly Dictionary<byte[], Entry>.AlternateLookup<ReadOnlySpan<byte>> _byBytes;
    private readonly byte[][] _order;
    private int _next;

    public TokenCache(int capacity)
    {
        _capacity = capacity;
        _entries = new(capacity, new Bytes());
        _byBytes = _entries.GetAlternateLookup<ReadOnlySpan<byte>>();
        _order = new byte[capacity][];
    }

    public VerifiedToken? Find(ReadOnlySpan<byte> token, JsonWebKeys keys) =>
        _byBytes.TryGetValue(token, out var entry) && ReferenceEquals(entry.Keys, keys) ? entry.Token : null;

    public void Add(ReadOnlySpan<byte> token, JsonWebKeys keys, VerifiedToken verified)
    {
        if (_capacity == 0)
        {
            return;
        }

        if (!_byBytes.ContainsKey(token))
        {
            if (_entries.Count == _capacity)
            {
                _entries.Remove(_order[_next]);
            }

            var kept = token.ToArray();
            _order[_next] = kept;
            _next = (_next + 1) % _capacity;
            _entries[kept] = new Entry(keys, verified);
            return;
        }

        _byBytes[token] = new Entry(keys, verified);
    }

    private readonly record struct Entry(JsonWebKeys Keys, VerifiedToken Token);

    // The hash has a seed of the process: nobody can choose tokens that fall together, nor does a token that was not verified get in.
    private sealed class Bytes : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
    {
        public bool Equals(byte[]? left, byte[]? right) => left.AsSpan().SequenceEqual(right);

        public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

        public int GetHashCode(byte[] bytes) => GetHashCode(bytes.AsSpan());

        public int GetHashCode(ReadOnlySpan<byte> alternate)
        {
            var hash = new HashCode();
            hash.AddBytes(alternate);
            return hash.ToHashCode();
        }

        public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();
    }
}
