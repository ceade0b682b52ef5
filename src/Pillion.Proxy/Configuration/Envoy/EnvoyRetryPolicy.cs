using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;

namespace Pillion.Proxy.Configuration.Envoy;

/// <summary>retry_policy, with Envoy's meaning: every method is sent again, because the file says so.</summary>
internal static class EnvoyRetryPolicy
{
    private static readonly EnvoyExtension PreviousHosts = new("PreviousHostsPredicate", "envoy.retry_host_predicates.previous_hosts");

    public static RetryConfig? Read(ConfigValue value)
    {
        using var map = value.AsMap("RetryPolicy");
        var defaults = new RetryConfig();
        using var backOff = map.Optional("retry_back_off").AsMap();
        var interval = backOff.Optional("base_interval").AsDuration(defaults.BackOff, TimeSpan.FromMilliseconds(1));

        // Never again an endpoint that failed, while there are others: that is what we do in any case.
        _ = map.Optional("retry_host_predicate").AsList(item =>
        {
            using var predicate = item.AsMap();
            var (kind, settings) = EnvoyExtension.Open(predicate, "a retry host predicate", PreviousHosts);
            settings?.Dispose();
            return kind;
        });
        var retry = new RetryConfig
        {
            On = ReadConditions(map.Optional("retry_on")),
            Retries = map.Optional("num_retries").AsInt(defaults.Retries, 0, 100),
            PerTryTimeout = map.Optional("per_try_timeout").AsDuration(defaults.PerTryTimeout),
            StatusCodes = ReadStatuses(map.Optional("retriable_status_codes")),
            BackOff = interval,
            MaxBackOff = backOff.Optional("max_interval").AsDuration(interval * 10, TimeSpan.FromMilliseconds(1)),
            UnsafeMethods = true,
            Source = value.Source,
        };
        return value.IsMap ? retry : null;
    }

    private static RetryOn ReadConditions(ConfigValue value)
    {
        var on = RetryOn.None;
        foreach (var written in value.AsText().Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (EnvoyNames.RetryConditions.TryGet(written, out var condition))
            {
                on |= condition;
            }
            else
            {
                value.Fail($"{ConfigError.Quote(written)} is not a {EnvoyNames.RetryConditions.Kind}", EnvoyNames.RetryConditions.Suggest(written));
            }
        }

        return on;
    }

    private static ValueList<int> ReadStatuses(ConfigValue value)
    {
        var statuses = new List<int>();
        _ = value.AsList(item =>
        {
            statuses.Add(item.AsInt(503, 100, 599));
            return "";
        });
        return new([.. statuses]);
    }
}
