namespace Pillion.Proxy.Filters.Authorization.Conditions;

/// <summary>At least one of several must be true.</summary>
internal sealed class OneOfConditions(Condition[] conditions) : Condition
{
    public override bool Matches(ref Question question)
    {
        foreach (var condition in conditions)
        {
            if (condition.Matches(ref question))
            {
                return true;
            }
        }

        return false;
    }
}
