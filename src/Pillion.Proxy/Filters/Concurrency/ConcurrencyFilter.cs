using Pillion.Core.Resilience;
using Pillion.Proxy.Forwarding;

namespace Pillion.Proxy.Filters.Concurrency;

/// <summary>Lets so many requests through at the same time. A place is held from here to the end of the request, its filters, retries and body included.</summary>
internal sealed class ConcurrencyFilter(ConcurrencyConfig config, FilterContext context) : Filter(config, context)
{
    private readonly CircuitLimit _limit = context.Keep(config, () => new CircuitLimit("concurrency", config.Max, config.Source));

    public override ValueTask<bool> RequestAsync(Exchange exchange)
    {
        if (_limit.TryBegin())
        {
            return new(true);
        }

        Tell(exchange, "refused");
        return RefuseAsync(exchange, _limit.Reached);
    }

    public override void Ended(Exchange exchange) => _limit.End();
}
