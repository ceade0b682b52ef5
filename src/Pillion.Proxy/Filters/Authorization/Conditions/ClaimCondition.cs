using Pillion.Proxy.Configuration;

namespace Pillion.Proxy.Filters.Authorization.Conditions;

/// <summary>A claim of the token that was verified; of a list, one of its values.</summary>
internal sealed class ClaimCondition(ValueMatchConfig match) : Condition
{
    private readonly TextMatcher _matcher = new(match);

    public override bool Matches(ref Question question)
    {
        if (question.Caller.Claims is not { } claims)
        {
            return false;
        }

        if (!claims.TryGetClaim(match.Name, out var values))
        {
            return match.Name switch
            {
                "iss" => _matcher.Matches(claims.Issuer),
                "sub" => _matcher.Matches(claims.Subject),
                _ => false,
            };
        }

        if (match.Kind == ValueMatchKind.Present)
        {
            return true;
        }

        foreach (var value in values)
        {
            if (_matcher.Matches(value))
            {
                return true;
            }
        }

        return false;
    }
}
