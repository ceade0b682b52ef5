using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration.Tcp;

namespace Pillion.Proxy.Configuration.Envoy;

/// <summary>TcpProxy: bytes passed on to one cluster, or to several by weight.</summary>
internal static class EnvoyTcpProxy
{
    public static TcpConfig Read(ConfigMap map, EnvoyScope scope)
    {
        var defaults = new TcpConfig { StatPrefix = "", Clusters = [] };
        var statPrefix = map.Required("stat_prefix").AsText();
        var cluster = map.Optional("cluster");
        var weighted = map.Optional("weighted_clusters");
        if (map.Exists && cluster.Exists == weighted.Exists)
        {
            map.Fail("does not say one place to go", "give one of cluster or weighted_clusters");
        }

        var one = ReadCluster(cluster, scope);
        var several = ReadWeighted(weighted, scope);
        map.Refuse("tunneling_config", "bytes are not tunnelled over HTTP", "remove it");
        return new()
        {
            StatPrefix = statPrefix,
            Clusters = cluster.Exists ? [new WeightedClusterConfig(one, 1)] : several,
            IdleTimeout = map.Optional("idle_timeout").AsDuration(defaults.IdleTimeout),
            MaxDuration = map.Optional("max_downstream_connection_duration").AsDuration(defaults.MaxDuration),
            MaxConnectAttempts = map.Optional("max_connect_attempts").AsInt(defaults.MaxConnectAttempts, 1, 100),
            AccessLogs = map.Optional("access_log").AsList(item => EnvoyAccessLog.Read(item, scope)),
            Source = map.Source,
        };
    }

    private static ValueList<WeightedClusterConfig> ReadWeighted(ConfigValue value, EnvoyScope scope)
    {
        using var map = value.AsMap();
        var clusters = map.Required("clusters");
        var read = clusters.AsList(item =>
        {
            using var entry = item.AsMap();
            var name = ReadCluster(entry.Required("name"), scope);
            return new WeightedClusterConfig(name, entry.Required("weight").AsInt(1, 1, 1_000_000));
        });
        if (clusters.IsList && clusters.Count == 0)
        {
            clusters.Fail("is empty", "give at least one cluster");
        }

        return read;
    }

    private static string ReadCluster(ConfigValue value, EnvoyScope scope)
    {
        if (value.Exists)
        {
            scope.ReferToCluster(value);
        }

        return value.AsText();
    }
}
