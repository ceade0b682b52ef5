using Pillion.Proxy.Configuration;
using Pillion.Proxy.Routing;

namespace Pillion.Proxy.Filters.Authorization.Conditions;

/// <summary>A parameter of the query.</summary>
internal sealed class QueryCondition(ValueMatchConfig match) : Condition
{
    private readonly QueryMatcher _matcher = new(match);

    public override bool Matches(ref Question question) => _matcher.Matches(question.Request.Query, question.Scratch);
}
