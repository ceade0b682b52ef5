using Pillion.Core.Configuration;
using Pillion.Proxy.Filters.Authorization.Conditions;

namespace Pillion.Proxy.Filters.Authorization;

/// <summary>A compiled rule: its conditions by their cost, and every sentence about it.</summary>
internal sealed class Rule
{
    private readonly Condition[] _conditions;
    private readonly string[] _nearest;

    public Rule(RuleConfig config)
    {
        Name = config.Name;
        Source = config.Source;
        IsDryRun = config.DryRun;
        var conditions = config.Conditions.OrderBy(condition => condition.Condition.Kind).ToList();
        _conditions = [.. conditions.Select(condition => Condition.Compile(condition.Condition))];
        _nearest = [.. conditions.Select(condition => $"no allow rule matched; the nearest is '{Name}', but for {condition.Setting}")];
        Cause = $"deny rule '{Name}' matched";
        Details = $"rbac_access_denied_matched_policy[{Name.Replace(' ', '_')}]";
    }

    public string Name { get; }

    public SourceLine Source { get; }

    public bool IsDryRun { get; }

    /// <summary>Why a request is denied that it matches.</summary>
    public string Cause { get; }

    /// <summary>Envoy's response code details for that.</summary>
    public string Details { get; }

    public bool Matches(ref Question question)
    {
        foreach (var condition in _conditions)
        {
            if (!condition.Matches(ref question))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>How many conditions are not true, and the sentence of the first of them.</summary>
    public (int Count, string Sentence) Misses(ref Question question)
    {
        var count = 0;
        var first = 0;
        for (var i = 0; i < _conditions.Length; i++)
        {
            if (!_conditions[i].Matches(ref question))
            {
                first = count == 0 ? i : first;
                count++;
            }
        }

        return (count, count == 0 ? "" : _nearest[first]);
    }
}
