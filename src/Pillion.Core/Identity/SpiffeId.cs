using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using Pillion.Core.Configuration;

namespace Pillion.Core.Identity;

/// <summary>A workload's name in the mesh, <c>spiffe://trust-domain/path</c> (SPIFFE-ID §2); equal by its text, which has one spelling only.</summary>
internal sealed record SpiffeId
{
    public const string Scheme = "spiffe://";

    // SPIFFE-ID §2.3.
    private const int LongestTrustDomain = 255;
    private const int Longest = 2048;

    private static readonly SearchValues<char> TrustDomainCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789.-_");
    private static readonly SearchValues<char> PathCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_");

    private readonly string _text;

    private SpiffeId(string text, string trustDomain)
    {
        _text = text;
        TrustDomain = trustDomain;
    }

    public string TrustDomain { get; }

    /// <summary>With its first slash; empty for the trust domain itself.</summary>
    public ReadOnlySpan<char> Path => _text.AsSpan(Scheme.Length + TrustDomain.Length);

    /// <summary>The id that a service account has, as Kubernetes meshes write it.</summary>
    public static SpiffeId OfServiceAccount(string trustDomain, string @namespace, string name) => Parse($"{Scheme}{trustDomain}/ns/{@namespace}/sa/{name}");

    public static SpiffeId Parse(string text) => TryParse(text, out var id, out var problem) ? id : throw new FormatException($"{ConfigError.Quote(text)} {problem}");

    /// <param name="problem">What is wrong with it, as the end of a sentence that began with the text.</param>
    public static bool TryParse(string text, [NotNullWhen(true)] out SpiffeId? id, out string problem)
    {
        id = null;
        if (!text.StartsWith(Scheme, StringComparison.Ordinal))
        {
            problem = $"does not begin with {Scheme}";
            return false;
        }

        if (text.Length > Longest)
        {
            problem = $"is longer than {Longest} bytes";
            return false;
        }

        var rest = text.AsSpan(Scheme.Length);
        var slash = rest.IndexOf('/');
        var trustDomain = slash < 0 ? rest : rest[..slash];
        if (ProblemOfTrustDomain(trustDomain) is { } wrong || (slash >= 0 && ProblemOfPath(rest[(slash + 1)..]) is var path && (wrong = path) is not null))
        {
            problem = wrong;
            return false;
        }

        id = new SpiffeId(text, trustDomain.ToString());
        problem = "";
        return true;
    }

    /// <summary>Null when it is one.</summary>
    public static string? ProblemOfTrustDomain(ReadOnlySpan<char> name) =>
        name.IsEmpty ? "has no trust domain" :
        name.Length > LongestTrustDomain ? $"has a trust domain longer than {LongestTrustDomain} bytes" :
        name.ContainsAnyExcept(TrustDomainCharacters) ? "has a trust domain with other characters than a-z, 0-9, '.', '-' and '_'" : null;

    /// <summary>The name behind <c>/sa/</c> where the path is that of a service account, else the last segment.</summary>
    public ReadOnlySpan<char> WorkloadName => Path[(Path.LastIndexOf('/') + 1)..];

    /// <summary>The namespace where the path is <c>/ns/NAMESPACE/sa/NAME</c>, else empty.</summary>
    public ReadOnlySpan<char> Namespace
    {
        get
        {
            const string ns = "/ns/";
            var path = Path;
            if (!path.StartsWith(ns, StringComparison.Ordinal))
            {
                return [];
            }

            var rest = path[ns.Length..];
            var end = rest.IndexOf('/');
            return end > 0 && rest[end..].StartsWith("/sa/", StringComparison.Ordinal) && !rest[(end + 4)..].Contains('/') ? rest[..end] : [];
        }
    }

    public override string ToString() => _text;

    // A segment that is empty, '.' or '..' would be another path to whoever normalises it (SPIFFE-ID §2.2); so would one with a percent sign.
    private static string? ProblemOfPath(ReadOnlySpan<char> path)
    {
        if (path.IsEmpty)
        {
            return "ends with a slash";
        }

        foreach (var range in path.Split('/'))
        {
            var segment = path[range];
            if (segment is "" or "." or "..")
            {
                return "has a path segment that is empty, '.' or '..'";
            }

            if (segment.ContainsAnyExcept(PathCharacters))
            {
                return "has a path with other characters than letters, digits, '.', '-' and '_'";
            }
        }

        return null;
    }
}
