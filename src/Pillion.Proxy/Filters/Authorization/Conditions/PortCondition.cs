namespace Pillion.Proxy.Filters.Authorization.Conditions;

/// <summary>The port that the client connected to: of a redirected connection, the one it wanted.</summary>
internal sealed class PortCondition(int first, int last) : Condition
{
    public override bool Matches(ref Question question) => question.Exchange.Stream.Local.Port is var port && port >= first && port <= last;
}
