using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;

namespace Pillion.Proxy.Configuration.Envoy;

/// <summary>outlier_detection of a cluster, with Envoy's defaults.</summary>
internal static class EnvoyOutlierDetection
{
    // By OutlierReason.
    private static readonly string[] Enforcing =
    [
        "enforcing_consecutive_5xx", "enforcing_consecutive_gateway_failure", "enforcing_consecutive_local_origin_failure",
        "enforcing_success_rate", "enforcing_local_origin_success_rate", "enforcing_failure_percentage", "enforcing_failure_percentage_local_origin",
    ];

    public static OutlierConfig? Read(ConfigValue value)
    {
        using var map = value.AsMap("OutlierDetection");
        var usual = new OutlierConfig();
        var shortest = TimeSpan.FromMilliseconds(1);
        map.Refuse("monitors", "further monitors are extensions", "remove it; 5xx, gateway failures and local-origin failures are looked at");
        var baseTime = map.Optional("base_ejection_time").AsDuration(usual.BaseEjectionTime, shortest);
        var config = new OutlierConfig
        {
            Consecutive5xx = map.Optional("consecutive_5xx").AsInt(usual.Consecutive5xx),
            ConsecutiveGatewayFailure = map.Optional("consecutive_gateway_failure").AsInt(usual.ConsecutiveGatewayFailure),
            SplitLocalOrigin = map.Optional("split_external_local_origin_errors").AsBool(false),
            ConsecutiveLocalOriginFailure = map.Optional("consecutive_local_origin_failure").AsInt(usual.ConsecutiveLocalOriginFailure),
            Interval = map.Optional("interval").AsDuration(usual.Interval, shortest),
            BaseEjectionTime = baseTime,
            MaxEjectionTime = map.Optional("max_ejection_time").AsDuration(baseTime > usual.MaxEjectionTime ? baseTime : usual.MaxEjectionTime, shortest),
            MaxEjectionJitter = map.Optional("max_ejection_time_jitter").AsDuration(TimeSpan.Zero),
            MaxEjectionPercent = ReadPercent(map, "max_ejection_percent", usual.MaxEjectionPercent),
            AlwaysEjectOne = map.Optional("always_eject_one_host").AsBool(true),
            SuccessRateMinHosts = map.Optional("success_rate_minimum_hosts").AsInt(usual.SuccessRateMinHosts),
            SuccessRateVolume = map.Optional("success_rate_request_volume").AsInt(usual.SuccessRateVolume),
            SuccessRateFactor = map.Optional("success_rate_stdev_factor").AsInt(usual.SuccessRateFactor),
            FailurePercentageThreshold = ReadPercent(map, "failure_percentage_threshold", usual.FailurePercentageThreshold),
            FailurePercentageMinHosts = map.Optional("failure_percentage_minimum_hosts").AsInt(usual.FailurePercentageMinHosts),
            FailurePercentageVolume = map.Optional("failure_percentage_request_volume").AsInt(usual.FailurePercentageVolume),
            Enforced = new ValueList<double>([.. Enforcing.Select((name, i) => ReadPercent(map, name, usual.Enforced[i]))]),
            HealthCheckReadmits = map.Optional("successful_active_health_check_uneject_host").AsBool(true),
            Source = value.Source,
        };
        if (value.IsMap && config.MaxEjectionTime < config.BaseEjectionTime)
        {
            map.Fail("has a max_ejection_time below base_ejection_time", "make it as long at least");
        }

        return value.IsMap ? config : null;
    }

    private static double ReadPercent(ConfigMap map, string name, double fallback) => map.Optional(name).AsInt((int)fallback, 0, 100);
}
