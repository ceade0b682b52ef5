using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration.Reading;
using Pillion.Proxy.Filters.RateLimits;

namespace Pillion.Proxy.Configuration.Envoy;

/// <summary>The route action: the cluster and how the request gets there.</summary>
internal static class EnvoyRouteAction
{
    public static ForwardConfig Read(ConfigValue value, PathMatchConfig path, EnvoyUpgrades inherited, EnvoyScope? scope)
    {
        using var map = value.AsMap("RouteAction");
        var defaults = new ForwardConfig { Cluster = "" };
        var cluster = map.Optional("cluster");
        var weighted = map.Optional("weighted_clusters");
        var header = map.Optional("cluster_header");
        if (value.IsMap && (cluster.Exists ? 1 : 0) + (weighted.Exists ? 1 : 0) + (header.Exists ? 1 : 0) != 1)
        {
            map.Fail("does not say one place to go", "give one of cluster, weighted_clusters or cluster_header");
        }

        var split = EnvoyWeightedClusters.Read(weighted, scope);
        var clusterHeader = header.AsTextOrNull("header name", HttpText.IsToken, "use letters, digits and hyphens");
        var upgradeConfigs = map.Optional("upgrade_configs");
        var upgrades = EnvoyUpgrades.Read(upgradeConfigs, inherited, allowConnectConfig: true);
        if (value.IsMap)
        {
            if (cluster.Exists)
            {
                scope?.ReferToCluster(cluster);
            }

            if (path.Kind == PathMatchKind.Connect && !upgrades.Connect)
            {
                map.Fail("matches CONNECT without allowing it", "add upgrade_configs: [{ upgrade_type: CONNECT, connect_config: {} }]");
            }
        }

        var prefix = map.Optional("prefix_rewrite").AsTextOrNull("path", HttpText.IsPath, "use a path that begins with '/'");
        var regex = map.Optional("regex_rewrite");
        var pattern = EnvoyPattern.ReadRewrite(regex);
        if (prefix is not null && regex.Exists)
        {
            regex.Fail("stands beside prefix_rewrite", "give one of the two");
        }

        var oldHost = map.Optional("host_rewrite");
        var host = map.Optional("host_rewrite_literal");
        if (host.Exists && oldHost.Exists)
        {
            oldHost.Fail("stands beside host_rewrite_literal", "keep host_rewrite_literal");
        }

        var (grpcMax, grpcOffset) = ReadGrpcTimeout(map);
        const string hostRemedy = "use a host name, with a port or without";
        return new()
        {
            Cluster = cluster.AsText(),
            Split = split,
            ClusterHeader = clusterHeader,
            Mirrors = EnvoyMirrors.Read(map, scope),
            PrefixRewrite = prefix,
            RegexRewrite = pattern,
            HostRewrite = host.AsTextOrNull("host", HttpText.IsHost, hostRemedy) ?? oldHost.AsTextOrNull("host", HttpText.IsHost, hostRemedy),
            AutoHostRewrite = map.Optional("auto_host_rewrite").AsBool(false),
            Timeout = map.Optional("timeout").AsDuration(defaults.Timeout),
            IdleTimeout = map.Optional("idle_timeout").AsDurationOrNull(),
            GrpcTimeoutMax = grpcMax,
            GrpcTimeoutOffset = grpcOffset,
            Retry = EnvoyRetryPolicy.Read(map.Optional("retry_policy"), map.Optional("hedge_policy")),
            Priority = map.Optional("priority").AsOneOf(EnvoyNames.Priorities, RoutePriority.Default),
            ClusterNotFoundStatus = map.Optional("cluster_not_found_response_code").AsOneOf(EnvoyNames.ClusterNotFoundCodes, defaults.ClusterNotFoundStatus),
            Upgrades = upgradeConfigs.Exists ? upgrades.Protocols : null,
            HashPolicies = EnvoyHashPolicies.Read(map.Optional("hash_policy")),
            Labels = EnvoyMetadata.Read(map.Optional("metadata_match")),
            TerminateConnect = upgrades.TerminateConnect,
            RateActions = EnvoyRateActions.Read(map.Optional("rate_limits")),
            IncludesHostRateActions = map.Optional("include_vh_rate_limits").AsBool(false),
        };
    }

    // Not looked at unless the file says so, as in Envoy.
    private static (TimeSpan? Max, TimeSpan Offset) ReadGrpcTimeout(ConfigMap map)
    {
        var duration = map.Optional("max_stream_duration");
        using var limits = duration.AsMap();
        limits.Refuse("max_stream_duration", "a stream as a whole is not limited", "use the route's timeout or idle_timeout");
        var max = limits.Optional("grpc_timeout_header_max").AsDurationOrNull();
        var offset = limits.Optional("grpc_timeout_header_offset").AsDuration(TimeSpan.Zero);

        // These two are what stood here before max_stream_duration was made.
        var oldMax = map.Optional("max_grpc_timeout");
        var oldOffset = map.Optional("grpc_timeout_offset");
        if (duration.Exists && (oldMax.Exists || oldOffset.Exists))
        {
            (oldMax.Exists ? oldMax : oldOffset).Fail("stands beside max_stream_duration", "keep max_stream_duration");
        }

        return (oldMax.AsDurationOrNull() ?? max, oldOffset.AsDuration(offset));
    }
}
