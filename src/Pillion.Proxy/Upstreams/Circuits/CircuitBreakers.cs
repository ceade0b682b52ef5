using Microsoft.Extensions.Logging;
using Pillion.Proxy.Configuration;

namespace Pillion.Proxy.Upstreams.Circuits;

/// <summary>A cluster's circuit breakers: one for each priority, so that what is important does not wait behind what is not.</summary>
internal sealed class CircuitBreakers(ClusterConfig cluster, ILogger logger)
{
    public CircuitBreaker Default { get; } = new(cluster, RoutePriority.Default, logger);

    public CircuitBreaker High { get; } = new(cluster, RoutePriority.High, logger);

    public CircuitBreaker this[RoutePriority priority] => priority == RoutePriority.High ? High : Default;
}
