using Pillion.Proxy.Filters.Authorization.Conditions;

namespace Pillion.Proxy.Filters.Authorization;

/// <summary>Compiled rules: deny before allow, and where there are allow rules, nothing else passes.</summary>
internal sealed class Policy(PolicyConfig config)
{
    public const string NoRule = "no allow rule matched";

    private readonly Rule[] _deny = [.. config.Deny.Select(rule => new Rule(rule))];
    private readonly Rule[] _allow = [.. config.Allow.Select(rule => new Rule(rule))];
    private readonly Rule[] _log = [.. config.Log.Select(rule => new Rule(rule))];

    public Decision Judge(ref Question question)
    {
        if (Find(_deny, ref question) is { } denied)
        {
            return new(false, denied, denied.Cause);
        }

        if (!config.DeniesRest)
        {
            return new(true, null, null);
        }

        return Find(_allow, ref question) is { } allowed ? new(true, allowed, null) : new(false, null, WhyNone(ref question));
    }

    /// <summary>The first of the rules that only tell.</summary>
    public Rule? Logged(ref Question question) => Find(_log, ref question);

    public bool HasLog => _log.Length > 0;

    private static Rule? Find(Rule[] rules, ref Question question)
    {
        foreach (var rule in rules)
        {
            if (rule.Matches(ref question))
            {
                return rule;
            }
        }

        return null;
    }

    // Only for a refusal: the rule of which the fewest conditions are not true is most likely the one that was meant.
    private string WhyNone(ref Question question)
    {
        var (fewest, sentence) = (int.MaxValue, NoRule);
        foreach (var rule in _allow)
        {
            if (rule.Misses(ref question) is var misses && misses.Count < fewest)
            {
                (fewest, sentence) = misses;
            }
        }

        return sentence;
    }
}
