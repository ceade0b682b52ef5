using Pillion.Proxy.Clusters.Levels;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Configuration.Balancing;
using Pillion.Proxy.Filters.Affinity;
using Pillion.Tests.ArchitectureTests;
using Pillion.Tests.Configuration;
using Xunit;

namespace Pillion.Tests.Proxy.Configuration;

/// <summary>What both file formats say of the choice of endpoints.</summary>
public sealed class BalancingTests
{
    [Fact]
    public void Pillion_s_sample_means_what_its_comments_say()
    {
        var config = Sample("load-balancing.yaml");
        Assert.Equal("peak_ewma", Cluster(config, "search").Balancer);

        var carts = Cluster(config, "carts");
        Assert.Equal(("ring_hash", 125), (carts.Balancer, carts.Balancing.MaxLoadPercent));
        Assert.Equal(
            [new(HashSource.Header, "x-user") { IsTerminal = true, CookiePath = "/" }, new(HashSource.Cookie, "cart") { CookieTtl = TimeSpan.FromHours(12), CookiePath = "/" }],
            Forwards(config, "carts").Single().HashPolicies);

        // Own zone, the other zone, the other region.
        var payments = Cluster(config, "payments");
        Assert.Equal([0, 0, 1, 1, 2], payments.Endpoints.Select(endpoint => endpoint.Priority));
        Assert.Equal(new SlowStartConfig { Window = TimeSpan.FromSeconds(30) }, payments.Balancing.SlowStart);
        Assert.Equal(40, payments.Balancing.PanicPercent);

        var catalog = Cluster(config, "catalog").Balancing.Subsets!;
        Assert.Equal(new SubsetConfig { WithoutLabels = SubsetFallback.Default, Default = Labels("version", "v1"), Selectors = [new(["version"])] }, catalog);
        Assert.Equal([Labels("version", "v2"), LabelSet.None], Forwards(config, "catalog").Select(forward => forward.Labels));
        Assert.Equal(
            new AffinityConfig { Name = "pillion-session", Ttl = TimeSpan.FromHours(8), Path = "/" },
            ((AffinityConfig)Routes(config, "intranet").Single().Filters.Single()) with { Source = default });
    }

    [Fact]
    public void Envoy_s_sample_means_what_it_means_there()
    {
        var config = Sample("envoy-load-balancing.yaml");
        var carts = Cluster(config, "carts");
        Assert.Equal(("maglev", 5003, 125), (carts.Balancer, carts.Balancing.TableSize, carts.Balancing.MaxLoadPercent));
        Assert.Equal([2, 1], carts.Endpoints.Select(endpoint => endpoint.Weight));
        var catalog = Cluster(config, "catalog").Balancing.Subsets!;
        Assert.Equal((SubsetFallback.Default, SubsetFallback.Default), (catalog.Fallback, catalog.WithoutLabels));

        var (here, there) = (new Locality("eu-west-1", "eu-west-1a"), new Locality("eu-west-1", "eu-west-1b"));
        var payments = Cluster(config, "payments");
        Assert.Equal([0, 0, 1], payments.Endpoints.Select(endpoint => endpoint.Priority));
        Assert.Equal(new ZoneRoutingConfig { Own = here, Peers = [new(here, 1), new(there, 1)], MinClusterSize = 2 }, payments.Balancing.Zones);
        Assert.Equal((3, 1.0, 40.0), (payments.Balancing.Choices, payments.Balancing.ActiveRequestBias, payments.Balancing.PanicPercent));
        Assert.Equal(new SlowStartConfig { Window = TimeSpan.FromSeconds(30) }, payments.Balancing.SlowStart);

        var routes = config.Proxy.Listeners[0].Http!.Routes.VirtualHosts[0].Routes;
        Assert.Equal([HashSource.Header, HashSource.Cookie, HashSource.Source], ((ForwardConfig)routes[0].Action).HashPolicies.Select(policy => policy.Source));
        Assert.Equal(Labels("version", "v2"), ((ForwardConfig)routes[1].Action).Labels);
        Assert.IsType<AffinityConfig>(Assert.Single(routes[1].Filters));
        Assert.Empty(routes[3].Filters);
    }

    [Fact]
    public void Without_a_word_about_it_envoy_s_files_take_turns_and_ours_take_the_less_busy()
    {
        Assert.Equal(("least_request", BalancingConfig.Usual), Given.Config("outbound: { services: { a: { endpoints: 10.0.0.1:80 } } }\n").Proxy.Clusters.Select(cluster => (cluster.Balancer, cluster.Balancing)).First());
        Assert.Equal(new BalancingConfig { Choices = 2, MinRingSize = 1024, MaxRingSize = 8 << 20, TableSize = 65537, PanicPercent = 50, OverprovisioningPercent = 140 }, BalancingConfig.Usual);
    }

    [Fact]
    public void A_route_takes_the_hash_of_its_service_unless_it_has_its_own()
    {
        var config = Given.Config("""
            outbound:
              services:
                a:
                  endpoints: 10.0.0.1:80
                  balancer: maglev
                  hash_on: { header: x-user }
                  routes: [{ prefix: /p, hash_on: path }, { prefix: /q }]
            """);
        Assert.Equal([HashSource.Path, HashSource.Header, HashSource.Header], Forwards(config, "a").Select(forward => forward.HashPolicies[0].Source));
    }

    [Fact]
    public void A_route_elsewhere_divides_the_service_it_leads_to()
    {
        var config = Given.Config("""
            outbound:
              services:
                a: { endpoints: 10.0.0.1:80, routes: [{ prefix: /b, to: b, labels: { version: v2, stage: canary } }] }
                b: { endpoints: [{ address: "10.0.0.2:80", labels: { version: v2, stage: canary, x: y } }] }
            """);
        Assert.Null(Cluster(config, "a").Balancing.Subsets);
        Assert.Equal(["stage", "version"], Cluster(config, "b").Balancing.Subsets!.Selectors.Single().Keys);
        Assert.Equal(SubsetFallback.Any, Cluster(config, "b").Balancing.Subsets!.WithoutLabels);
    }

    [Fact]
    public void Peers_of_the_zones_make_routing_by_zone_as_envoy_has_it()
    {
        var config = Given.Config("""
            outbound:
              zone: a
              services:
                s:
                  endpoints: [{ address: "10.0.0.1:80", zone: a }, { address: "10.0.0.2:80", zone: b }]
                  zones: { prefer: true, peers: { a: 4, b: 2 }, min_endpoints: 2, percent: 90% }
            """);
        Assert.Equal(
            new ZoneRoutingConfig { Own = new(Zone: "a"), Peers = [new(new(Zone: "a"), 4), new(new(Zone: "b"), 2)], MinClusterSize = 2, EnabledPercent = 90 },
            Cluster(config, "s").Balancing.Zones);
        Assert.All(Cluster(config, "s").Endpoints, endpoint => Assert.Equal(0, endpoint.Priority));
    }

    private static LabelSet Labels(string key, string value) => new([new(key, value)]);

    private static ClusterConfig Cluster(PillionConfig config, string name) => config.Proxy.Clusters.Single(cluster => cluster.Name == name);

    private static IEnumerable<RouteConfig> Routes(PillionConfig config, string service) => config.Proxy.Listeners.Single(listener => listener.Name == "outbound").Http!.Routes.VirtualHosts
        .Single(host => host.Name == service).Routes.Where(route => route.Match.Path.Kind != PathMatchKind.Connect);

    private static IEnumerable<ForwardConfig> Forwards(PillionConfig config, string service) => Routes(config, service).Select(route => (ForwardConfig)route.Action);

    private static PillionConfig Sample(string name)
    {
        var (config, errors) = PillionConfig.Load(Path.Combine(Repository.Root, "samples", name), _ => null);
        Assert.Empty(errors);
        return config!;
    }
}
