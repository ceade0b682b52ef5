namespace Pillion.Proxy.Filters.Authorization.Conditions;

/// <summary>Another condition must not be true.</summary>
internal sealed class NotCondition(Condition condition) : Condition
{
    public override bool Matches(ref Question question) => !condition.Matches(ref question);
}
