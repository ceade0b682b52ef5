using Pillion.Net.Http;

namespace Pillion.Proxy.Filters.Jwt;

/// <summary>A compiled requirement: asks its providers about a request and gathers what was verified.</summary>
internal sealed class JwtCheck
{
    private readonly JwtRequirementKind _kind;
    private readonly JwtProvider? _provider;
    private readonly string[]? _audiences;
    private readonly JwtCheck[] _of;
    private readonly bool _allowsMissing;
    private readonly bool _allowsFailed;

    public JwtCheck(JwtRequirement config, IReadOnlyList<JwtProvider> providers)
    {
        _kind = config.Kind;
        _provider = providers.FirstOrDefault(provider => provider.Config.Name == config.Provider);
        _audiences = config.Audiences is { } audiences ? [.. audiences] : null;

        // What may be missing, or fail, is a token of whichever provider.
        _of = _kind is JwtRequirementKind.AllowMissing or JwtRequirementKind.AllowMissingOrFailed
            ? [.. providers.Select(provider => new JwtCheck(new(JwtRequirementKind.Provider) { Provider = provider.Config.Name }, providers))]
            : [.. config.Of.Where(part => part.Kind < JwtRequirementKind.AllowMissing).Select(part => new JwtCheck(part, providers))];
        JwtRequirementKind[] kinds = [config.Kind, .. config.Of.Select(part => part.Kind)];
        _allowsMissing = kinds.Any(kind => kind is JwtRequirementKind.AllowMissing or JwtRequirementKind.AllowMissingOrFailed);
        _allowsFailed = kinds.Any(kind => kind is JwtRequirementKind.AllowFailed or JwtRequirementKind.AllowMissingOrFailed);
    }

    /// <param name="used">Gets each token that was verified; empty where the request passes without one.</param>
    public JwtResult Ask(RequestHead request, int loop, long now, bool mayWait, List<UsedToken> used) => _kind switch
    {
        JwtRequirementKind.Provider => AskProvider(request, loop, now, mayWait, used),
        JwtRequirementKind.All => AskAll(request, loop, now, mayWait, used),
        _ => AskAny(request, loop, now, mayWait, used),
    };

    // Each place that holds one must hold a good one: whoever reads another place than we did reads a token that was verified as well.
    private JwtResult AskProvider(RequestHead request, int loop, long now, bool mayWait, List<UsedToken> used)
    {
        var found = false;
        foreach (var place in _provider!.Places)
        {
            var from = 0;
            while (place.TryFind(request, ref from, out var token))
            {
                found = true;
                var result = _provider.Verify(token, loop, _audiences, now, mayWait, out var verified);
                if (!result.IsAllowed)
                {
                    return result;
                }

                used.Add(new(_provider, verified!));
            }
        }

        return found ? default : new(JwtOutcome.Missing, _provider, "there is no token in the request");
    }

    private JwtResult AskAll(RequestHead request, int loop, long now, bool mayWait, List<UsedToken> used)
    {
        foreach (var part in _of)
        {
            var result = part.Ask(request, loop, now, mayWait, used);
            if (!result.IsAllowed)
            {
                return result;
            }
        }

        return default;
    }

    private JwtResult AskAny(RequestHead request, int loop, long now, bool mayWait, List<UsedToken> used)
    {
        var best = new JwtResult(JwtOutcome.Missing, null, "there is no token in the request");
        var before = used.Count;
        foreach (var part in _of)
        {
            var result = part.Ask(request, loop, now, mayWait, used);
            if (result.IsAllowed)
            {
                return result;
            }

            used.RemoveRange(before, used.Count - before);
            best = JwtResult.Farther(result, best);
        }

        return best.Wait is null && (best.Outcome == JwtOutcome.Missing ? _allowsMissing : _allowsFailed) ? default : best;
    }
}

/// <summary>A token that was verified for a request.</summary>
internal readonly record struct UsedToken(JwtProvider Provider, VerifiedToken Token);
