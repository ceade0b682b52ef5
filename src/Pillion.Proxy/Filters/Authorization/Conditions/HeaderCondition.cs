using Pillion.Proxy.Configuration;
using Pillion.Proxy.Routing;

namespace Pillion.Proxy.Filters.Authorization.Conditions;

/// <summary>A header, or what HTTP/2 calls a pseudo-header.</summary>
internal sealed class HeaderCondition(ValueMatchConfig match) : Condition
{
    private readonly HeaderMatcher _matcher = new(match);

    public override bool Matches(ref Question question) => _matcher.Matches(question.Request, question.Scratch);
}
