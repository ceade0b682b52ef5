using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration.Reading;

namespace Pillion.Proxy.Configuration.Envoy;

/// <summary>retry_policy, with Envoy's meaning: every method is sent again, because the file says so.</summary>
internal static class EnvoyRetryPolicy
{
    private static readonly EnvoyExtension PreviousHosts = new("PreviousHostsPredicate", "envoy.retry_host_predicates.previous_hosts");

    /// <param name="hedge">hedge_policy, which stands beside it on a route.</param>
    public static RetryConfig? Read(ConfigValue value, ConfigValue? hedge = null)
    {
        var hedges = hedge is { } policy && ReadHedge(policy);
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

        // How often Envoy draws again to find such a one; we know which they are and draw once.
        _ = map.Optional("host_selection_retry_max_attempts").AsInt(1, 0, 1_000_000);
        map.Refuse("retry_priority", "priorities are chosen without regard to tries", "remove it");
        map.Refuse("retry_options_predicates", "options of a retry cannot be changed", "remove it");
        var onHeaders = ReadHeaders(map.Optional("retriable_headers"));
        var retry = new RetryConfig
        {
            On = ReadConditions(map.Optional("retry_on")),
            OnHeaders = onHeaders,
            OnlyIfHeaders = ReadHeaders(map.Optional("retriable_request_headers")),
            PerTryIdleTimeout = map.Optional("per_try_idle_timeout").AsDuration(defaults.PerTryIdleTimeout),
            Hedge = hedges,
            RateLimitBackOff = ReadRateLimit(map.Optional("rate_limited_retry_back_off")),
            Retries = map.Optional("num_retries").AsInt(defaults.Retries, 0, 100),
            PerTryTimeout = map.Optional("per_try_timeout").AsDuration(defaults.PerTryTimeout),
            StatusCodes = ReadStatuses(map.Optional("retriable_status_codes")),
            BackOff = interval,
            MaxBackOff = backOff.Optional("max_interval").AsDuration(interval * 10, TimeSpan.FromMilliseconds(1)),
            UnsafeMethods = true,
            Source = value.Source,
        };
        if (hedges && value.IsMap && retry.PerTryTimeout == TimeSpan.Zero)
        {
            hedge!.Value.Fail("has no time after which to hedge", "add per_try_timeout to the retry_policy");
        }
        else if (hedges && !value.Exists)
        {
            hedge!.Value.Fail("has no retry_policy beside it, which says how often", "add a retry_policy with per_try_timeout");
        }

        return value.IsMap ? retry : null;
    }

    private static bool ReadHedge(ConfigValue value)
    {
        using var map = value.AsMap("HedgePolicy");
        map.Refuse("additional_request_chance", "further requests begin only when one is late", "use hedge_on_per_try_timeout");
        _ = map.Optional("initial_requests").AsInt(1, 1, 1);
        return map.Optional("hedge_on_per_try_timeout").AsBool(false);
    }

    private static RateLimitBackOffConfig? ReadRateLimit(ConfigValue value)
    {
        using var map = value.AsMap("RateLimitedRetryBackOff");
        var headers = map.Required("reset_headers");
        var config = new RateLimitBackOffConfig
        {
            Headers = headers.AsList(item =>
            {
                using var header = item.AsMap("ResetHeader");
                var name = header.Required("name").AsTextOrNull("header name", HttpText.IsToken, "use letters, digits and hyphens");
                var format = header.Optional("format").AsOneOf(EnvoyNames.ResetFormats, ResetFormat.Seconds);
                return name is null ? null : new ResetHeaderConfig(name, format);
            }),
            Max = map.Optional("max_interval").AsDuration(RateLimitBackOffConfig.Default.Max, TimeSpan.FromMilliseconds(1)),
            IgnoresLonger = true,
        };
        if (headers.IsList && headers.Count == 0)
        {
            headers.Fail("is empty", "name a header such as Retry-After");
        }

        return value.IsMap ? config : null;
    }

    private static ValueList<ValueMatchConfig> ReadHeaders(ConfigValue value)
    {
        var methods = new List<string>();
        var matches = value.AsList(item => EnvoyValueMatch.ReadHeader(item, methods));
        return methods.Count == 0 ? matches : new([.. matches, .. methods.Select(method => new ValueMatchConfig { Name = ":method", Kind = ValueMatchKind.Exact, Value = method })]);
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
