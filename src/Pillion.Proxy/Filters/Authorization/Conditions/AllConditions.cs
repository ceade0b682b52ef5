namespace Pillion.Proxy.Filters.Authorization.Conditions;

/// <summary>Each of several must be true.</summary>
internal sealed class AllConditions(Condition[] conditions) : Condition
{
    public override bool Matches(ref Question question)
    {
        foreach (var condition in conditions)
        {
            if (!condition.Matches(ref question))
            {
                return false;
            }
        }

        return true;
    }
}
