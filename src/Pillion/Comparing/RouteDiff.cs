using Pillion.Core.Configuration;
using Pillion.Proxy.Configuration;

namespace Pillion.Comparing;

/// <summary>Virtual hosts and routes, by listener and by their names. Their order counts, because the first that matches wins.</summary>
internal static class RouteDiff
{
    private const string Effect = "From the next request on, on open connections too.";

    public static IEnumerable<Consequence> Of(ProxyConfig old, ProxyConfig now)
    {
        var (before, after) = (Hosts(old), Hosts(now));
        foreach (var (key, host) in before)
        {
            if (!after.TryGetValue(key, out var next))
            {
                yield return new(ChangeKind.Removed, "virtual host", key, Effect) { Old = host.Source };
                continue;
            }

            if (host with { Routes = [] } != next with { Routes = [] })
            {
                yield return MeaningDiff.Changed("virtual host", key, host with { Routes = [] }, next with { Routes = [] }, host.Source, next.Source, Effect);
            }

            foreach (var found in Routes(key, host, next))
            {
                yield return found;
            }
        }

        foreach (var (key, host) in after.Where(pair => !before.ContainsKey(pair.Key)))
        {
            yield return new(ChangeKind.Added, "virtual host", key, Effect) { New = host.Source };
        }
    }

    private static IEnumerable<Consequence> Routes(string host, VirtualHostConfig old, VirtualHostConfig now)
    {
        var (before, after) = (Named(old), Named(now));
        foreach (var (name, route) in before)
        {
            if (!after.TryGetValue(name, out var next))
            {
                yield return new(ChangeKind.Removed, "route", $"{host} > {name}", Effect) { Old = route.Source };
            }
            else if (route with { Filters = [] } != next with { Filters = [] })
            {
                yield return MeaningDiff.Changed("route", $"{host} > {name}", route with { Filters = [] }, next with { Filters = [] }, route.Source, next.Source, Effect);
            }
        }

        foreach (var (name, route) in after.Where(pair => !before.ContainsKey(pair.Key)))
        {
            yield return new(ChangeKind.Added, "route", $"{host} > {name}", Effect) { New = route.Source };
        }

        var (order, orderNow) = (before.Keys.Where(after.ContainsKey).ToList(), after.Keys.Where(before.ContainsKey).ToList());
        if (!order.SequenceEqual(orderNow))
        {
            yield return new(ChangeKind.Changed, "order of routes", host, "The first route that matches wins: requests that two of them match may now be another's.")
            {
                Old = old.Source, New = now.Source, Fields = [("order", string.Join(", ", order), string.Join(", ", orderNow))],
            };
        }
    }

    // Listener, then the chain where it has several, then the host.
    private static Dictionary<string, VirtualHostConfig> Hosts(ProxyConfig proxy)
    {
        var hosts = new Dictionary<string, VirtualHostConfig>();
        foreach (var listener in proxy.Listeners)
        {
            var served = listener.AllChains.Where(chain => chain.Http is not null).ToList();
            foreach (var chain in served)
            {
                foreach (var host in chain.Http!.Routes.VirtualHosts)
                {
                    hosts[$"{listener.Name}{(served.Count > 1 ? $" > {chain.Name}" : "")} > {host.Name}"] = host;
                }
            }
        }

        return hosts;
    }

    private static Dictionary<string, RouteConfig> Named(VirtualHostConfig host)
    {
        var routes = new Dictionary<string, RouteConfig>();
        foreach (var route in host.Routes)
        {
            var name = route.Name;
            for (var again = 2; !routes.TryAdd(name, route); again++)
            {
                name = $"{route.Name}#{again}";
            }
        }

        return routes;
    }
}
