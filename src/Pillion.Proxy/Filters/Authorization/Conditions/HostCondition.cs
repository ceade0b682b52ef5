using Pillion.Proxy.Configuration;
using Pillion.Proxy.Routing;

namespace Pillion.Proxy.Filters.Authorization.Conditions;

/// <summary>
/// The host that the client asked for, without regard to case, port and the dot of the root: each of them reaches the same application, and would
/// otherwise be a way past a rule.
/// </summary>
internal sealed class HostCondition(ValueMatchConfig match) : Condition
{
    private readonly ValueMatcher _matcher = new(match with { IgnoreCase = true });

    public override bool Matches(ref Question question)
    {
        var host = DomainTable.WithoutPort(question.Request.Authority);
        return !host.IsEmpty && _matcher.Matches(present: true, host is [.. var name, (byte)'.'] ? name : host, question.Scratch);
    }
}
