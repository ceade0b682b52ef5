using System.Security.Cryptography;
using System.Text;
using Pillion.Proxy.Routing;

namespace Pillion.Proxy.Filters.Credentials.Basic;

/// <summary>
/// Users by name, each with the SHA-1 of their password, which is all that Envoy reads of htpasswd. A digest so fast protects passwords that were drawn
/// at random, not those that somebody thought of; slower ones would hold up the loop.
/// </summary>
internal sealed class UserTable
{
    public const int LongestName = 128;

    private const string Sha = "{SHA}";
    private static readonly byte[] Nobodys = new byte[SHA1.HashSizeInBytes];

    private readonly Dictionary<string, byte[]> _digests = new(StringComparer.Ordinal);
    private ByteTable<User>? _users;

    public int Count => _digests.Count;

    /// <summary>Null when it was added, else what is wrong.</summary>
    public string? TryAdd(string user, string digest)
    {
        var bytes = new byte[SHA1.HashSizeInBytes];
        return
            user.Length > LongestName ? $"name is longer than {LongestName} characters" :
            !digest.StartsWith(Sha, StringComparison.Ordinal) || !Convert.TryFromBase64String(digest[Sha.Length..], bytes, out var length) || length != bytes.Length ? "password is not {SHA} and its digest" :
            !_digests.TryAdd(user, bytes) ? $"user '{user}' has a line already" : null;
    }

    /// <summary>No user comes behind this.</summary>
    public UserTable Complete()
    {
        _users = new ByteTable<User>([.. _digests.Select(pair => KeyValuePair.Create(Encoding.UTF8.GetBytes(pair.Key), new User(pair.Key, pair.Value)))], ignoreCase: false);
        return this;
    }

    /// <summary>The user whose password it is; null is none. Takes as long for users that do not exist. Allocates nothing.</summary>
    public string? Verify(ReadOnlySpan<byte> user, ReadOnlySpan<byte> password)
    {
        Span<byte> digest = stackalloc byte[SHA1.HashSizeInBytes];
        SHA1.HashData(password, digest);
        var known = _users!.Find(user);
        return CryptographicOperations.FixedTimeEquals(known?.Digest ?? Nobodys, digest) ? known?.Name : null;
    }

    private sealed record User(string Name, byte[] Digest);
}
