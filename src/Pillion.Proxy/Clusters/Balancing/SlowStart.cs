using Pillion.Proxy.Configuration.Balancing;

namespace Pillion.Proxy.Clusters.Balancing;

/// <summary>The part of its weight that an endpoint has which came, or came back, a short time ago (Envoy: slow_start_config).</summary>
internal sealed class SlowStart(SlowStartConfig config)
{
    private readonly long _window = (long)config.Window.TotalMilliseconds;
    private readonly double _exponent = 1 / config.Aggression;
    private readonly double _least = config.MinWeightPercent / 100;

    /// <summary>From when on it has its whole weight.</summary>
    public long WarmAt(Endpoint endpoint) => endpoint.UsableSince == 0 ? 0 : endpoint.UsableSince + _window;

    public double Factor(Endpoint endpoint, long now)
    {
        if (now >= WarmAt(endpoint))
        {
            return 1;
        }

        var grown = (double)Math.Max(1, now - endpoint.UsableSince) / _window;
        return Math.Max(_least, _exponent == 1 ? grown : Math.Pow(grown, _exponent));
    }
}
