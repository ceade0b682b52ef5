using Pillion.Core.Configuration;
using Pillion.Proxy.Configuration;

namespace Pillion.Comparing;

/// <summary>Listeners that are bound, closed or served otherwise. A listener is known by its address: a name alone moves nothing.</summary>
internal static class ListenerDiff
{
    public static IEnumerable<Consequence> Of(ProxyConfig old, ProxyConfig now)
    {
        foreach (var before in old.Listeners)
        {
            var after = now.Listeners.FirstOrDefault(listener => listener.Address == before.Address);
            if (after is null)
            {
                var moved = now.Listeners.FirstOrDefault(listener => listener.Name == before.Name);
                yield return moved is null
                    ? new(ChangeKind.Removed, "listener", $"{before.Name} at {before.Address}", "It is closed: nothing new is accepted, and its connections end after the request that they are serving.") { Old = before.Source }
                    : new(ChangeKind.Changed, "listener", $"{before.Name}", $"It moves: {moved.Address} is bound first (where it cannot be, the whole file is refused), then {before.Address} is closed and its connections end after the request that they are serving.")
                    {
                        Old = before.Source, New = moved.Source, Fields = [("address", before.Address.ToString(), moved.Address.ToString())],
                    };
            }
            else if (WithoutRoutes(before) != WithoutRoutes(after))
            {
                yield return MeaningDiff.Changed("listener", Name(before, after), WithoutRoutes(before), WithoutRoutes(after), before.Source, after.Source, Effect(before, after));
            }
        }

        foreach (var added in now.Listeners.Where(listener => !old.Listeners.Any(other => other.Address == listener.Address || other.Name == listener.Name)))
        {
            yield return new(ChangeKind.Added, "listener", $"{added.Name} at {added.Address}", "It is bound before the file is taken; where it cannot be, the whole file is refused and the old one goes on.") { New = added.Source };
        }
    }

    // Routes and their filters are told of by themselves.
    private static ListenerConfig WithoutRoutes(ListenerConfig listener) => listener with
    {
        Chains = [.. listener.Chains.Select(WithoutRoutes)],
        DefaultChain = listener.DefaultChain is { } last ? WithoutRoutes(last) : null,
    };

    private static FilterChainConfig WithoutRoutes(FilterChainConfig chain) =>
        chain.Http is null ? chain : chain with { Http = chain.Http with { Routes = new RouteTableConfig { RequestHeaders = chain.Http.Routes.RequestHeaders, ResponseHeaders = chain.Http.Routes.ResponseHeaders }, Filters = [] } };

    private static string Name(ListenerConfig before, ListenerConfig after) => before.Name == after.Name ? before.Name : $"{before.Name}, now {after.Name},";

    // As LiveChain looks for the chain of an open connection.
    private static string Effect(ListenerConfig before, ListenerConfig after)
    {
        var ended = before.AllChains.Where(chain => after.AllChains.FirstOrDefault(next => next.Name == chain.Name) is not { } next
            || next.Tls != chain.Tls || next.Http is null != chain.Http is null || next.Tcp is null != chain.Tcp is null).Select(chain => chain.Name).ToList();
        return "It stays bound. " + (ended.Count == 0
            ? "Open connections stay, and their next request is served by the new settings."
            : $"Connections of the filter chain{(ended.Count > 1 ? "s" : "")} {string.Join(", ", ended)} end after the request that they are serving, because what they began with is gone; the others stay.");
    }
}
