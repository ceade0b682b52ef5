using System.Diagnostics.CodeAnalysis;

namespace Pillion.Core.Identity;

/// <summary>Which identities are meant: one (<c>spiffe://td/ns/x/sa/y</c>), those below a path (<c>spiffe://td/ns/x/*</c>), or a whole trust domain (<c>spiffe://td</c>).</summary>
internal sealed record SpiffePattern
{
    public const string Remedy = "use spiffe://trust-domain/path, spiffe://trust-domain/path/* or spiffe://trust-domain";

    private readonly SpiffeId _id;
    private readonly bool _isBelow;

    private SpiffePattern(SpiffeId id, bool isBelow)
    {
        _id = id;
        _isBelow = isBelow;
    }

    public string TrustDomain => _id.TrustDomain;

    public static bool IsRight(string text) => TryParse(text, out _, out _);

    public static bool TryParse(string text, [NotNullWhen(true)] out SpiffePattern? pattern, out string problem)
    {
        pattern = null;
        var isBelow = text.EndsWith("/*", StringComparison.Ordinal);
        if (!SpiffeId.TryParse(isBelow ? text[..^2] : text, out var id, out problem))
        {
            return false;
        }

        // No workload's id is without a path: the trust domain alone means everybody in it.
        pattern = new SpiffePattern(id, isBelow || id.Path.IsEmpty);
        return true;
    }

    public bool Matches(SpiffeId id) =>
        !_isBelow ? id == _id :
        id.TrustDomain == _id.TrustDomain && id.Path.Length > _id.Path.Length + 1 && id.Path.StartsWith(_id.Path, StringComparison.Ordinal) && id.Path[_id.Path.Length] == '/';

    public override string ToString() => _isBelow && !_id.Path.IsEmpty ? $"{_id}/*" : _id.ToString();
}
