namespace Pillion.Proxy.Filters.Authorization.Conditions;

/// <summary>Every request.</summary>
internal sealed class AnyCondition : Condition
{
    public override bool Matches(ref Question question) => true;
}
