using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration.Envoy.Transport;
using Pillion.Proxy.Configuration.Reading;
using Pillion.Proxy.Configuration.Transport;
using Pillion.Proxy.Filters.Authorization;

namespace Pillion.Proxy.Configuration.Envoy;

/// <summary>A listener with its filter chains.</summary>
internal static class EnvoyListener
{
    private static readonly TimeSpan FiltersTimeout = TimeSpan.FromSeconds(15);

    public static ListenerConfig? Read(ConfigValue value, EnvoyScope scope)
    {
        using var map = value.AsMap("Listener");
        var name = scope.Listener(map.Optional("name"));
        var address = EnvoyAddress.Read(map.Required("address"), listening: true);
        var direction = map.Optional("traffic_direction").AsOneOf(EnvoyNames.Directions, TrafficDirection.Unspecified);
        var reusePort = map.Optional("enable_reuse_port");
        if (!reusePort.AsBool(true))
        {
            reusePort.Fail("every loop listens on its own socket", "remove it");
        }

        var filters = EnvoyListenerFilters.Read(map.Optional("listener_filters"));
        var (chains, fallback, most) = ReadChains(map, value, scope);
        var detection = new DetectionConfig
        {
            Tls = filters.Tls || chains.Any(NeedsHello),
            Http = filters.Http || chains.Any(NeedsBytes),
            Timeout = map.Optional("listener_filters_timeout").AsDuration(FiltersTimeout, TimeSpan.FromMilliseconds(1)),
            ContinueOnTimeout = map.Optional("continue_on_listener_filters_timeout").AsBool(false),
        };
        var redirected = map.Optional("use_original_dst").AsBool(false);
        if (filters.ProxyHeader is not null && chains.Append(fallback).Any(chain => AsksForPhysicalPeer(chain?.Http)))
        {
            map.Fail("has rules for direct_remote_ip, and the peer is not known any more behind a PROXY header", "use source_ip, which is what the header says, or remove the header's filter");
        }

        return address is null || (chains.Count == 0 && fallback is null) ? null : new()
        {
            Name = name.Length > 0 ? name : address.ToString(),
            Address = address,
            Direction = direction,
            Chains = chains,
            DefaultChain = fallback,
            Detection = detection,
            ProxyHeader = filters.ProxyHeader,
            OriginalDestination = redirected || filters.OriginalDestination,
            MaxConnections = most,
            Source = value.Source,
        };
    }

    private static bool AsksForPhysicalPeer(HttpConfig? http) =>
        http is not null && http.Filters.Concat(http.Routes.VirtualHosts.SelectMany(host => host.Routes).SelectMany(route => route.Filters)).OfType<AuthorizationConfig>().Any(config => config.AsksForPhysicalPeer);

    private static (ValueList<FilterChainConfig> Chains, FilterChainConfig? Fallback, int MaxConnections) ReadChains(ConfigMap map, ConfigValue value, EnvoyScope scope)
    {
        var limits = new List<(int Most, ConfigValue Place)>();
        var names = new HashSet<string>();
        var overlaps = new ChainOverlaps();
        var list = map.Optional("filter_chains");
        var index = 0;
        var chains = list.AsList(item =>
        {
            var chain = EnvoyFilterChain.Read(item, $"{index++}", scope, (most, place) => limits.Add((most, place)));
            Check(item, chain, names, overlaps);
            return chain;
        });
        var other = map.Optional("default_filter_chain");
        var fallback = EnvoyFilterChain.Read(other, "default", scope, (most, place) => limits.Add((most, place)));
        if (value.IsMap && list.Count == 0 && !other.Exists)
        {
            map.Fail("has no filter chain", "give filter_chains");
        }

        if (fallback is not null && (!fallback.Match.IsEmpty || !names.Add(fallback.Name)))
        {
            other.Fail(fallback.Match.IsEmpty ? $"has the name {ConfigError.Quote(fallback.Name)} of another chain" : "takes what no other chain does", fallback.Match.IsEmpty ? "give each its own name" : "remove filter_chain_match");
        }

        if (limits.Count > 0 && list.Count + (other.Exists ? 1 : 0) > 1)
        {
            limits[0].Place.Fail("limits one of several filter chains", "a limit is for the whole listener here: give it one filter chain, or remove the filter");
        }

        return (chains, fallback, limits.Count == 0 ? 0 : limits.Min(limit => limit.Most));
    }

    private static void Check(ConfigValue item, FilterChainConfig? chain, HashSet<string> names, ChainOverlaps overlaps)
    {
        if (chain is null)
        {
            return;
        }

        if (!names.Add(chain.Name))
        {
            item.Fail($"has the name {ConfigError.Quote(chain.Name)} of another chain", "give each its own name");
        }
        else if (overlaps.Add(chain.Name, chain.Match) is { } earlier)
        {
            item.Fail($"takes the same connections as the chain {ConfigError.Quote(earlier)}", "make one filter_chain_match more specific than the other");
        }
        else if (overlaps.IsFull)
        {
            item.Fail($"makes more than {ChainOverlaps.MostCombinations} combinations of what filter chains match", "list fewer values");
        }
    }

    // Envoy needs the tls_inspector for these; here a chain that asks for it is enough.
    private static bool NeedsHello(FilterChainConfig chain) => chain.Match is { ServerNames.Count: > 0 } or { IsTls: not null } or { ApplicationProtocols.Count: > 0 };

    private static bool NeedsBytes(FilterChainConfig chain) => chain.Match is { ApplicationProtocols.Count: > 0, IsTls: not true };
}
