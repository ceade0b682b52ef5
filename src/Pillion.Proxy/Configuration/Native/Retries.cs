using System.Globalization;
using Pillion.Core.Configuration.Reading;

namespace Pillion.Proxy.Configuration.Native;

/// <summary><c>retries: off | { on: [connect-failure, 503], attempts: 3, … }</c></summary>
internal static class Retries
{
    /// <summary>What no application can notice: nothing was sent, or the upstream said that it did not touch the request.</summary>
    public static readonly RetryConfig Safe = new() { On = RetryOn.ConnectFailure | RetryOn.RefusedStream };

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

        return new()
        {
            On = on.Exists ? conditions : defaults.On,
            StatusCodes = on.Exists ? new([.. statuses]) : defaults.StatusCodes,
            Retries = map.Optional("attempts", "Tries in all, the first included.").AsInt(defaults.Retries + 1, 1, Core.Signals.RequestRecord.MaxAttempts) - 1,
            PerTryTimeout = map.Optional("per_try_timeout", "Time for each try; 0s is no limit of its own.").AsDuration(defaults.PerTryTimeout),
            BackOff = map.Optional("back_off", "The first wait is drawn from 0 to this, later ones from a range that doubles.").AsDuration(defaults.BackOff, TimeSpan.FromMilliseconds(1)),
            MaxBackOff = map.Optional("max_back_off", "The longest wait.").AsDuration(defaults.MaxBackOff, TimeSpan.FromMilliseconds(1)),
            UnsafeMethods = map.Optional("unsafe_methods", "Also send again what is not idempotent, such as POST, and may have reached the application.").AsBool(defaults.UnsafeMethods),
            MaxBodyBytes = map.Optional("max_body", "Longest request body kept for a further try.").AsSize(defaults.MaxBodyBytes, 0, 64 * 1024 * 1024),
            Source = value.Source,
        };
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
