using System.Runtime.CompilerServices;
using Pillion.Core.Configuration;
using Pillion.Core.Resilience;
using Pillion.Core.Signals.Metrics;
using Pillion.Net.Loop;
using Pillion.Proxy.Forwarding;

namespace Pillion.Proxy.Filters;

/// <summary>
/// What stands between a matched route and the upstream (Envoy: HTTP filter). Compiled and immutable, shared by all loops; what it must remember
/// it keeps in <see cref="FilterContext.Keep{T}"/>. It works on the message model and never knows the version of HTTP. Loop thread only.
/// </summary>
internal abstract class Filter(FilterConfig config, FilterContext context)
{
    private readonly FilterMetrics[] _metrics = context.MetricsFor(config.Kind.Name);

    public string Name { get; } = config.Kind.Name;

    /// <summary>The line that asked for it.</summary>
    public SourceLine Source { get; } = config.Source;

    /// <summary>It looks at requests. Others are not asked.</summary>
    public virtual bool SeesRequests => true;

    /// <summary>It looks at answers, those that Pillion itself makes included.</summary>
    public virtual bool SeesAnswers => false;

    /// <summary>Looks at a request before it goes anywhere. False: it was answered here, and nothing more is done with it.</summary>
    public virtual ValueTask<bool> RequestAsync(Exchange exchange) => new(true);

    /// <summary>Looks at the head of an answer, in <see cref="Exchange.Response"/>, before it is written.</summary>
    public virtual void Answer(Exchange exchange)
    {
    }

    /// <summary>The request is over, however it ended. Called once for each request that <see cref="RequestAsync"/> let through, while its record can still be written to.</summary>
    public virtual void Ended(Exchange exchange)
    {
    }

    /// <summary>Says in the record and the metrics what was decided, so that it can be explained afterwards.</summary>
    /// <param name="outcome">One of the filter's few words, such as <c>allowed</c>.</param>
    protected void Tell(Exchange exchange, string outcome) => Tell(exchange, outcome, Source, rule: null);

    /// <param name="source">The line of the rule that decided.</param>
    /// <param name="rule">Its name; null where the filter has no rules with names.</param>
    protected void Tell(Exchange exchange, string outcome, SourceLine source, string? rule)
    {
        var metrics = _metrics[exchange.Loop.Index];
        metrics.Verdicts.Count(outcome);
        if (rule is not null)
        {
            metrics.Rules.Count(rule);
        }

        exchange.Record.AddVerdict(Name, outcome, source);
    }

    /// <summary>Ends the request with an answer of our own; what it returns is what <see cref="RequestAsync"/> returns.</summary>
    /// <param name="status">Overrides the failure's own status; 0 keeps it.</param>
    /// <param name="grpcStatus">Overrides that of gRPC calls; null is what the other says.</param>
    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    protected async ValueTask<bool> RefuseAsync(Exchange exchange, Failure failure, int status = 0, int? grpcStatus = null)
    {
        await exchange.AnswerLocallyAsync(failure, status, grpcStatus);
        return false;
    }
}
