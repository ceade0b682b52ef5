using Pillion.Proxy.Configuration;

namespace Pillion.Proxy.Filters.Authorization.Conditions;

/// <summary>Who asks, by one name of theirs that was proved.</summary>
internal sealed class NameCondition(ConditionKind kind, ValueMatchConfig match) : Condition
{
    private readonly TextMatcher _matcher = new(match);

    public override bool Matches(ref Question question) => _matcher.Matches(kind switch
    {
        ConditionKind.Identity => question.Caller.Identity,
        ConditionKind.TrustDomain => IdentityParts.TrustDomain(question.Caller.Identity),
        ConditionKind.Namespace => IdentityParts.Namespace(question.Caller.Identity),
        ConditionKind.ServiceAccount => IdentityParts.ServiceAccount(question.Caller.Identity),
        ConditionKind.User => question.Caller.User,
        ConditionKind.ApiClient => question.Caller.Client,
        ConditionKind.ServerName => question.Exchange.Stream.Tls?.ServerName,
        _ => default,
    });
}
