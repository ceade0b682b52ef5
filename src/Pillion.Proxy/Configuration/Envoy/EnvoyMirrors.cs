using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;

namespace Pillion.Proxy.Configuration.Envoy;

/// <summary>request_mirror_policies.</summary>
internal static class EnvoyMirrors
{
    public static ValueList<MirrorConfig> Read(ConfigMap route, EnvoyScope? scope)
    {
        route.Refuse("request_mirror_policy", "was removed by Envoy", "use request_mirror_policies, a list");
        return route.Optional("request_mirror_policies").AsList(item => ReadOne(item, scope));
    }

    private static MirrorConfig? ReadOne(ConfigValue value, EnvoyScope? scope)
    {
        using var map = value.AsMap("RequestMirrorPolicy");
        map.Refuse("cluster_header", "a mirror's cluster cannot be named by the request", "use cluster");
        map.Refuse("trace_sampled", "a copy has the trace of its request", "remove it");
        var cluster = map.Required("cluster");
        if (cluster.Exists)
        {
            scope?.ReferToCluster(cluster);
        }

        var fraction = map.Optional("runtime_fraction");
        using var runtime = fraction.AsMap("RuntimeFractionalPercent");
        runtime.Refuse("runtime_key", "there is no runtime to change it", "remove it, and say it in default_value");
        var percent = EnvoyPercent.Read(fraction.Exists ? runtime.Required("default_value") : runtime.Optional("default_value"), 100);
        return value.IsMap
            ? new()
            {
                Cluster = cluster.AsText(),
                Percent = percent,
                MarksHost = !map.Optional("disable_shadow_host_suffix_append").AsBool(false),
                Source = value.Source,
            }
            : null;
    }
}
