using Pillion.Proxy.Configuration.Balancing;

namespace Pillion.Proxy.Clusters.Levels;

/// <summary>Says why a pick gave no endpoint although there are some.</summary>
internal static class NoneUsable
{
    /// <summary>Null where the reason is that there is none at all.</summary>
    public static string? Why(EndpointPlan plan, BalancingConfig config, PickWish? wish)
    {
        if (plan.All.IsEmpty)
        {
            return null;
        }

        if (wish is { IsPinned: true, IsStrict: true })
        {
            return plan.Find(wish.Pinned) is { } endpoint
                ? $"the session is with {endpoint.Text}, which may not be used now, and its affinity is strict"
                : "the session is with an endpoint that is gone, and its affinity is strict";
        }

        if (wish is { Labels.IsEmpty: false } && config.Subsets is not null && !plan.All.AsSpan().ToArray().Any(endpoint => endpoint.Labels.Contains(wish.Labels)))
        {
            return $"no endpoint has the labels {wish.Labels}";
        }

        if (config.Subsets is { WithoutLabels: SubsetFallback.None } && wish is null or { Labels.IsEmpty: true })
        {
            return "the request asks for no labels, and the cluster has endpoints only for those that do";
        }

        var usable = plan.All.AsSpan().ToArray().Count(endpoint => endpoint.IsUsable);
        return $"of {plan.All.Count} endpoints {(usable == 0 ? "none" : usable)} may be used, and failing ones are not";
    }
}
