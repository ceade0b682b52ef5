using Pillion.Core.Configuration;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Filters;

namespace Pillion.Comparing;

/// <summary>
/// Filters that come, go or change, by the place they stand at: what one remembers (the tokens of a rate limit, fetched keys) is kept only where it is equal
/// at the same place (<see cref="FilterStates"/>).
/// </summary>
internal static class FilterDiff
{
    public static IEnumerable<Consequence> Of(ProxyConfig old, ProxyConfig now)
    {
        var (before, after) = (Filters(old), Filters(now));
        foreach (var (place, filter) in before)
        {
            if (!after.TryGetValue(place, out var next))
            {
                yield return new(ChangeKind.Removed, "filter", place, "From the next request on; what it remembered is forgotten.") { Old = filter.Source };
            }
            else if (filter != next)
            {
                yield return MeaningDiff.Changed("filter", place, filter, next, filter.Source, next.Source, "From the next request on; what it remembers (tokens of a rate limit, fetched keys) begins anew.");
            }
        }

        foreach (var (place, filter) in after.Where(pair => !before.ContainsKey(pair.Key)))
        {
            yield return new(ChangeKind.Added, "filter", place, "From the next request on.") { New = filter.Source };
        }
    }

    private static Dictionary<string, FilterConfig> Filters(ProxyConfig proxy)
    {
        var filters = new Dictionary<string, FilterConfig>();
        foreach (var http in proxy.Listeners.SelectMany(listener => listener.AllChains).Select(chain => chain.Http).OfType<HttpConfig>())
        {
            foreach (var filter in http.Filters.Concat(http.Routes.VirtualHosts.SelectMany(host => host.Routes).SelectMany(route => route.Filters)))
            {
                filters.TryAdd($"{filter.Kind.Name} at {filter.Source.Path} ({http.StatPrefix})", filter);
            }
        }

        return filters;
    }
}
