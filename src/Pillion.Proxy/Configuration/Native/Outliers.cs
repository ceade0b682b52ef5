using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;

namespace Pillion.Proxy.Configuration.Native;

/// <summary><c>outliers: on | { consecutive_5xx: 3, … }</c> of a service.</summary>
internal static class Outliers
{
    private static readonly OutlierConfig Usual = new() { Probe = true };

    public static OutlierConfig? Read(ConfigValue value)
    {
        if (value.IsText)
        {
            return value.AsOneOf(NativeNames.Switches, false) ? Usual with { Source = value.Source } : null;
        }

        using var map = value.AsMap("outliers");
        var shortest = TimeSpan.FromMilliseconds(1);
        var baseTime = map.Optional("base_ejection_time", "How long an endpoint is out, times how often it was; each interval without an ejection takes one off.").AsDuration(Usual.BaseEjectionTime, shortest);
        var config = Usual with
        {
            Consecutive5xx = map.Optional("consecutive_5xx", "Answers 5xx in a row that eject an endpoint; no answer counts as 503, a time-out as 504. 0 does not look.").AsInt(Usual.Consecutive5xx),
            ConsecutiveGatewayFailure = map.Optional("consecutive_gateway_failure", "Answers 502, 503 or 504 in a row; counted only, unless `enforce` says otherwise. 0 does not look.").AsInt(Usual.ConsecutiveGatewayFailure),
            SplitLocalOrigin = map.Optional("split_local_origin", "Count failed connects, time-outs and resets apart from what endpoints answer.").AsBool(false),
            ConsecutiveLocalOriginFailure = map.Optional("consecutive_local_origin_failure", "Failed connects, time-outs and resets in a row, with `split_local_origin`. 0 does not look.").AsInt(Usual.ConsecutiveLocalOriginFailure),
            Interval = map.Optional("interval", "Time between two looks at rates, and at who may come back.").AsDuration(Usual.Interval, shortest),
            BaseEjectionTime = baseTime,
            MaxEjectionTime = map.Optional("max_ejection_time", "The longest time out.").AsDuration(baseTime > Usual.MaxEjectionTime ? baseTime : Usual.MaxEjectionTime, shortest),
            MaxEjectionJitter = map.Optional("max_ejection_jitter", "Up to so much is added to each time out by chance.").AsDuration(TimeSpan.Zero),
            MaxEjectionPercent = map.Optional("max_ejection_percent", "The share of the endpoints that may be out; one may always be.").AsPercent(Usual.MaxEjectionPercent),
            HealthCheckReadmits = map.Optional("health_check_readmits", "A health check that succeeds ends an ejection.").AsBool(true),
            Probe = map.Optional("probe", "When its time is over an endpoint gets one request, and only when that succeeds all others; without, it gets its share at once, as in Envoy.").AsBool(true),
            Source = value.Source,
        };
        config = ReadEnforced(map.Optional("enforce", "How many of the outliers found are ejected, by reason; the others are only counted."), ReadRates(map, config));
        if (value.IsMap && config.MaxEjectionTime < config.BaseEjectionTime)
        {
            map.Fail("has a max_ejection_time below base_ejection_time", "make it as long at least");
        }

        return value.IsMap ? config : null;
    }

    private static OutlierConfig ReadRates(ConfigMap map, OutlierConfig config)
    {
        using var rate = map.Optional("success_rate", "Endpoints whose answers succeed less often than those of the others.").AsMap();
        using var failures = map.Optional("failure_percentage", "Endpoints of which a fixed share of answers fails; counted only, unless `enforce` says otherwise.").AsMap();
        return config with
        {
            SuccessRateMinHosts = rate.Optional("min_hosts", "Endpoints with enough requests, below which there is nothing to compare.").AsInt(config.SuccessRateMinHosts),
            SuccessRateVolume = rate.Optional("request_volume", "Requests within an interval, below which an endpoint's rate says nothing.").AsInt(config.SuccessRateVolume),
            SuccessRateFactor = (int)Math.Round(rate.Optional("factor", "How many standard deviations below the mean of all an outlier is.").AsNumber(config.SuccessRateFactor / 1000.0, 0, 1000) * 1000),
            FailurePercentageThreshold = failures.Optional("threshold", "The share that fails.").AsPercent(config.FailurePercentageThreshold),
            FailurePercentageMinHosts = failures.Optional("min_hosts", "Endpoints with enough requests, below which nobody is ejected.").AsInt(config.FailurePercentageMinHosts),
            FailurePercentageVolume = failures.Optional("request_volume", "Requests within an interval, below which an endpoint's share says nothing.").AsInt(config.FailurePercentageVolume),
        };
    }

    private static OutlierConfig ReadEnforced(ConfigValue value, OutlierConfig config)
    {
        using var map = value.AsMap();
        return config with
        {
            Enforced = new ValueList<double>([.. Core.Signals.Metrics.OutlierMetrics.Names.Select((name, i) => map.Optional(name, "Share that is ejected.").AsPercent(config.Enforced[i]))]),
        };
    }
}
