using System.Globalization;
using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration.Reading;

namespace Pillion.Proxy.Configuration.Native;

/// <summary><c>retries: off | { on: [connect-failure, 503], attempts: 3, … }</c></summary>
internal static class Retries
{
    /// <summary>What no application can notice: nothing was sent, or the upstream said that it did not touch the request.</summary>
    public static readonly RetryConfig Safe = new()
    {
        On = RetryOn.ConnectFailure | RetryOn.RefusedStream,
        RateLimitBackOff = RateLimitBackOffConfig.Default,
        Announces = true,
        Yields = true,
    };

    private const string UsualKey = "Idempotency-Key";

    /// <param name="budget">Takes the share and the floor of the cluster's retry budget; null on a route, which has no cluster of its own.</param>
    public static RetryConfig? Read(ConfigValue value, RetryConfig? inherited, Action<double, int>? budget = null)
    {
        if (NativeNames.IsOff(value))
        {
            return null;
        }

        using var map = value.AsMap("retries");
        if (!value.IsMap && !value.IsDescribing)
        {
            return inherited;
        }

        var defaults = inherited ?? Safe;
        var on = map.Optional("on", $"What is tried again: {NativeNames.RetryConditions.Choices()}, or a status such as 503.");
        var statuses = new List<int>();
        var conditions = RetryOn.None;
        _ = on.AsTexts(item =>
        {
            conditions |= ReadCondition(item, statuses);
            return item.Text;
        }, ["connect-failure", "refused"]);
        if (budget is not null)
        {
            var cluster = new ClusterConfig { Name = "" };
            budget(
                map.Optional("budget", "Share of the active requests that may be retries. Not on a route: the budget is the service's.").AsPercent(cluster.RetryBudgetPercent),
                map.Optional("budget_floor", "Retries always allowed at the same time, whatever the budget. Not on a route.").AsInt(cluster.MinRetryConcurrency, 0, 1_000_000));
        }

        else
        {
            map.Refuse("budget", "is one for all routes of a service", "move it to the retries of the service");
            map.Refuse("budget_floor", "is one for all routes of a service", "move it to the retries of the service");
        }

        var headers = map.Optional("on_headers", "Also an answer with one of these headers, as in a route, is tried again.");
        var onHeaders = headers.Exists || headers.IsDescribing ? RouteMatches.ReadHeaders(headers) : defaults.OnHeaders;
        var onlyIf = map.Optional("only_if_headers", "Only requests with one of these headers, as in a route, are tried again.");
        var onlyIfHeaders = onlyIf.Exists || onlyIf.IsDescribing ? RouteMatches.ReadHeaders(onlyIf) : defaults.OnlyIfHeaders;
        var perTry = map.Optional("per_try_timeout", "Time for each try; 0s is no limit of its own.").AsDuration(defaults.PerTryTimeout);
        var hedge = map.Optional("hedge", "A try that takes longer than `per_try_timeout` is not ended: another one begins beside it, and the first good answer wins. For what may be sent twice, and within the budget.");
        var hedges = hedge.AsBool(defaults.Hedge);
        if (hedges && perTry == TimeSpan.Zero && map.Exists)
        {
            (hedge.Exists ? hedge : value).Fail("has no time after which to begin another try", "add per_try_timeout");
        }

        if (on.Exists)
        {
            conditions |= onHeaders.Count > 0 ? RetryOn.Headers : RetryOn.None;
        }
        else
        {
            conditions = defaults.On | (onHeaders.Count > 0 ? RetryOn.Headers : RetryOn.None);
        }

        var (isUnsafe, withKey) = ReadUnsafe(map.Optional("unsafe_methods", "Also send again what is not idempotent, such as POST, and may have reached the application: `true`, or `with_key` where the request has an `idempotency_key`."), defaults);
        var key = map.Optional("idempotency_key", "The header that makes a request safe to repeat, with `unsafe_methods: with_key`.").AsText("header name", HttpText.IsToken, "use letters, digits and hyphens", defaults.IdempotencyKey ?? UsualKey);
        return new()
        {
            On = conditions,
            OnHeaders = onHeaders,
            OnlyIfHeaders = onlyIfHeaders,
            StatusCodes = on.Exists ? new([.. statuses]) : defaults.StatusCodes,
            Retries = map.Optional("attempts", "Tries in all, the first included.").AsInt(defaults.Retries + 1, 1, Core.Signals.RequestRecord.MaxAttempts) - 1,
            PerTryTimeout = perTry,
            PerTryIdleTimeout = map.Optional("per_try_idle_timeout", "No byte either way for this long ends a try, or an answer that has begun; 0s is never.").AsDuration(defaults.PerTryIdleTimeout),
            Hedge = hedges,
            BackOff = map.Optional("back_off", "The first wait is drawn from 0 to this, later ones from a range that doubles.").AsDuration(defaults.BackOff, TimeSpan.FromMilliseconds(1)),
            MaxBackOff = map.Optional("max_back_off", "The longest wait.").AsDuration(defaults.MaxBackOff, TimeSpan.FromMilliseconds(1)),
            UnsafeMethods = isUnsafe,
            IdempotencyKey = withKey ? key : null,
            RateLimitBackOff = ReadRateLimit(map.Optional("retry_after", "Where an answer that is tried again says when, wait as long, and up to half as much again, if the timeout allows; else the answer is passed on. `off` does not look."), defaults.RateLimitBackOff),
            Announces = map.Optional("announce", "Tell the next hop which try a request is (`X-Envoy-Attempt-Count`) and how many may follow (`X-Pillion-Retries`), so that it does not try again as well.").AsBool(defaults.Announces),
            Yields = map.Optional("yield", "Where whoever sent the request says that it tries again itself, try only again what reached nobody.").AsBool(defaults.Yields),
            TellsClient = map.Optional("tell_client", "Say in the answer how many tries there were (`X-Envoy-Attempt-Count`).").AsBool(defaults.TellsClient),
            MaxBodyBytes = map.Optional("max_body", "Longest request body kept for a further try.").AsSize(defaults.MaxBodyBytes, 0, 64 * 1024 * 1024),
            Source = value.Source,
        };
    }

    private static (bool IsUnsafe, bool WithKey) ReadUnsafe(ConfigValue value, RetryConfig defaults)
    {
        var inherited = defaults.UnsafeMethods ? NativeNames.UnsafeAlways : defaults.IdempotencyKey is not null ? NativeNames.UnsafeWithKey : NativeNames.UnsafeNever;
        var choice = value.AsNameOf(NativeNames.UnsafeMethods, inherited);
        return (choice == NativeNames.UnsafeAlways, choice == NativeNames.UnsafeWithKey);
    }

    private static RateLimitBackOffConfig? ReadRateLimit(ConfigValue value, RateLimitBackOffConfig? inherited)
    {
        if (NativeNames.IsOff(value))
        {
            return null;
        }

        using var map = value.AsMap("retry_after");
        var defaults = inherited ?? RateLimitBackOffConfig.Default;
        var names = map.Optional("headers", "The headers that say when; the first that is there and can be read counts. Seconds, a date, or a Unix time.")
            .AsTexts(item => item.AsTextOrNull("header name", HttpText.IsToken, "use letters, digits and hyphens"), new([.. defaults.Headers.Select(header => header.Name)]));
        var config = new RateLimitBackOffConfig
        {
            Headers = new([.. names.Select(name => new ResetHeaderConfig(name))]),
            Max = map.Optional("max", "A longer wait is not made.").AsDuration(defaults.Max, TimeSpan.FromMilliseconds(1)),
        };
        return value.IsMap ? config : inherited;
    }

    private static RetryOn ReadCondition(ConfigValue item, List<int> statuses)
    {
        if (int.TryParse(item.Text, NumberStyles.None, CultureInfo.InvariantCulture, out var status))
        {
            if (status is < 200 or > 599)
            {
                item.FailText("is not a status that can be tried again", "use 200-599");
                return RetryOn.None;
            }

            statuses.Add(status);
            return RetryOn.StatusCodes;
        }

        return item.AsOneOf(NativeNames.RetryConditions, RetryOn.None);
    }
}
