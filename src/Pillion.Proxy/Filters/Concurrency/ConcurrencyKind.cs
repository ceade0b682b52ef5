using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration.Native;

namespace Pillion.Proxy.Filters.Concurrency;

/// <summary><c>concurrency: 50</c>. Envoy's files have nothing like it: there a cluster of its own, with its own circuit breakers, does it.</summary>
internal sealed class ConcurrencyKind : FilterKind
{
    public override string Name => "concurrency";

    public override string Meaning => "Requests served at the same time; what is more is refused with 503. Those of a service count together for all of its routes, those of a route are its own; `off` where there shall be none.";

    public override FilterConfig? Read(ConfigValue value, NativeScope scope)
    {
        return value.AsIntOrNull(1) is { } max ? new ConcurrencyConfig { Max = max, Source = value.Source } : null;
    }

    public override Filter Compile(FilterConfig config, FilterContext context) => new ConcurrencyFilter((ConcurrencyConfig)config, context);
}
