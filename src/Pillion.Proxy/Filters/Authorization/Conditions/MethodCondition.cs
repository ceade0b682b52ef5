using Pillion.Core.Configuration;
using Pillion.Proxy.Routing;

namespace Pillion.Proxy.Filters.Authorization.Conditions;

/// <summary>The method is one of these.</summary>
internal sealed class MethodCondition(ValueList<string> methods) : Condition
{
    private readonly MethodMatcher _matcher = new(methods);

    public override bool Matches(ref Question question) => _matcher.Matches(question.Request);
}
