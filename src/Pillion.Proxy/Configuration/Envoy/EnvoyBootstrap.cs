using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Core.Configuration.Roles;
using Pillion.Proxy.Configuration.Envoy.Transport;
using Pillion.Proxy.Configuration.Balancing;
using Pillion.Core.Overload;

namespace Pillion.Proxy.Configuration.Envoy;

/// <summary>
/// An Envoy v3 bootstrap file with static resources. What we do not support is a mistake with its place, never ignored; names that older
/// releases used are understood.
/// </summary>
internal static class EnvoyBootstrap
{
    /// <summary>How its keys are read: protobuf's JSON form allows camelCase too.</summary>
    /// <param name="environment">For values that name a variable themselves, besides those that hold <c>${NAME}</c>.</param>
    public static ConfigReading Reading(string file, List<ConfigError> errors, Func<string, string?>? environment = null) => new(file, errors)
    {
        Environment = environment ?? (_ => null),
        FoldCamelCase = true,
        UnknownKey = "is not supported here",
        ReferencePage = "docs/reference/envoy.md",
    };

    public static (ProxyConfig Proxy, AdminConfig Admin, WorkloadConfig Workload, OverloadConfig Overload) Read(ConfigValue root)
    {
        var scope = new EnvoyScope();
        using var map = root.AsMap();
        var workload = ReadNode(map.Optional("node"), out var locality);
        scope.Workload = workload.Name;
        var local = ReadClusterManager(map.Optional("cluster_manager"), locality, scope);
        var admin = ReadAdmin(map.Optional("admin"));
        var overload = EnvoyOverload.Read(map.Optional("overload_manager"));
        using var resources = map.Required("static_resources").AsMap();
        EnvoySecrets.ReadAll(resources.Optional("secrets"), scope);
        var proxy = new ProxyConfig
        {
            Clusters = resources.Optional("clusters").AsList(item => EnvoyCluster.Read(item, scope)),
            MetricSinks = EnvoyStatsSinks.Read(map, scope),
            Listeners = resources.Optional("listeners").AsList(item => EnvoyListener.Read(item, scope)),
        };
        scope.CheckReferences();
        return (CountPeers(proxy, local), admin, workload, overload);
    }

    // The id and the cluster of a node only name it to a control plane; the cluster is the nearest to a workload's name.
    private static WorkloadConfig ReadNode(ConfigValue value, out Locality locality)
    {
        using var map = value.AsMap();
        locality = EnvoyLocality.Read(map.Optional("locality"));
        _ = map.Optional("id").AsText();
        var cluster = map.Optional("cluster").AsText();
        return ConfigName.IsRight(cluster) ? new() { Name = cluster } : new();
    }

    // Zone aware routing needs both: where we are, and the cluster of all the others like us.
    private static string ReadClusterManager(ConfigValue value, Locality own, EnvoyScope scope)
    {
        using var map = value.AsMap();
        var name = map.Optional("local_cluster_name");
        var local = name.AsText();
        if (name.IsText)
        {
            scope.ReferToCluster(name);
            if (!own.IsKnown)
            {
                name.Fail("is for routing by zone, and the file does not say which zone is ours", "add node.locality.zone");
            }

            scope.OwnLocality = own;
        }

        return local;
    }

    // As the file lists them: how many of them live is not followed.
    private static ProxyConfig CountPeers(ProxyConfig proxy, string local)
    {
        if (proxy.Clusters.FirstOrDefault(cluster => cluster.Name == local) is not { } peers)
        {
            return proxy;
        }

        ValueList<ZonePeers> counts = new([.. peers.Endpoints.GroupBy(endpoint => endpoint.Locality).Select(zone => new ZonePeers(zone.Key, zone.Count()))]);
        return proxy with
        {
            Clusters = new([.. proxy.Clusters.Select(cluster => cluster.Balancing.Zones is { } zones
                ? cluster with { Balancing = cluster.Balancing with { Zones = zones with { Peers = counts } } }
                : cluster)]),
        };
    }

    private static AdminConfig ReadAdmin(ConfigValue value)
    {
        var defaults = new AdminConfig();
        using var map = value.AsMap();
        var address = EnvoyAddress.Read(map.Required("address"), listening: true);
        var log = map.Optional("access_log_path");
        if (log.AsText("/dev/null") != "/dev/null")
        {
            log.Fail("the admin port writes no access log", "remove it or use /dev/null");
        }

        return value.Exists ? new() { Address = address ?? defaults.Address, Source = value.Source } : defaults;
    }
}
