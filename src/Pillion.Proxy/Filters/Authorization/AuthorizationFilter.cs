using Pillion.Core.Resilience;
using Pillion.Proxy.Filters.Authorization.Conditions;
using Pillion.Proxy.Forwarding;

namespace Pillion.Proxy.Filters.Authorization;

/// <summary>Lets a request pass, or refuses it and says which rule did.</summary>
internal sealed class AuthorizationFilter(AuthorizationConfig config, FilterContext context) : Filter(config, context)
{
    // Envoy's word where no policy matched.
    private const string NoneMatched = "rbac_access_denied_matched_policy[none]";

    private readonly Policy? _enforced = config.Enforced is null ? null : new(config.Enforced);
    private readonly Policy? _shadow = config.Shadow is null ? null : new(config.Shadow);
    private readonly DryRunLog _dryRuns = context.Keep(config, () => new DryRunLog(context.Program));

    public override ValueTask<bool> RequestAsync(Exchange exchange)
    {
        var question = new Question(exchange);
        var decision = _enforced?.Judge(ref question) ?? new Decision(true, null, null);
        if (_shadow is not null)
        {
            TellShadow(exchange, _shadow.Judge(ref question), isRefused: !decision.IsAllowed);
        }

        if (_enforced is { HasLog: true } && _enforced.Logged(ref question) is { } logged)
        {
            Tell(exchange, "logged", logged.Source, logged.Name);
        }

        if (!decision.IsAllowed)
        {
            return RefuseAsync(exchange, decision);
        }

        if (_enforced is not null)
        {
            Tell(exchange, "allowed", decision.Rule?.Source ?? Source, decision.Rule?.Name);
        }

        return new(true);
    }

    private ValueTask<bool> RefuseAsync(Exchange exchange, in Decision decision)
    {
        Tell(exchange, "denied", decision.Rule?.Source ?? Source, decision.Rule?.Name ?? "none");
        exchange.Record.Details = decision.Rule?.Details ?? NoneMatched;
        return RefuseAsync(exchange, new Failure(FailureSide.Local, FailureKind.Denied, Cause: decision.Cause));
    }

    // What is refused anyhow needs no warning.
    private void TellShadow(Exchange exchange, in Decision decision, bool isRefused)
    {
        var rule = decision.Rule is { IsDryRun: true } dry ? dry.Name : null;
        Tell(exchange, decision.IsAllowed ? "shadow_allowed" : "shadow_denied", decision.Rule?.Source ?? Source, rule);
        if (!decision.IsAllowed && !isRefused)
        {
            _dryRuns.Tell(exchange, decision.Cause!, decision.Rule?.Source ?? Source);
        }
    }
}
