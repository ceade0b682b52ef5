using Pillion.Net.Http;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Routing;

namespace Pillion.Proxy.Filters.Authorization.Conditions;

/// <summary>The path as routes see it. CONNECT names no path, so none is true of it.</summary>
internal sealed class PathCondition(RouteMatchConfig match) : Condition
{
    private readonly PathMatcher _matcher = new(match);

    public override bool Matches(ref Question question) => question.Request.Form != TargetForm.Authority && _matcher.Matches(question.Path, question.Scratch);
}
