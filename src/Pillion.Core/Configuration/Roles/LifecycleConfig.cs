using Pillion.Core.Configuration.Reading;

namespace Pillion.Core.Configuration.Roles;

/// <summary>How the sidecar stops.</summary>
internal sealed record LifecycleConfig
{
    /// <summary>From the signal to the exit; below Kubernetes' own 30 s, so that it ends by itself.</summary>
    public TimeSpan GracePeriod { get; init; } = TimeSpan.FromSeconds(25);

    /// <summary>The part of the grace period in which inbound is announced closed but still served; null is 5 s in Kubernetes and 0 elsewhere.</summary>
    public TimeSpan? LameDuck { get; init; }

    public static LifecycleConfig Read(ConfigValue value)
    {
        var defaults = new LifecycleConfig();
        using var map = value.AsMap();
        var lifecycle = new LifecycleConfig
        {
            GracePeriod = map.Optional("grace_period", "From the signal to stop until the exit, at most.").AsDuration(defaults.GracePeriod),
            LameDuck = map.Optional("lame_duck", "Part of the grace period in which readiness fails and connections are announced closed, but requests are still served.")
                .AsDurationOrNull(),
        };
        if (lifecycle.LameDuck is { } lameDuck && lameDuck > lifecycle.GracePeriod)
        {
            map.Optional("lame_duck").Fail($"{DurationText.Format(lameDuck)} is longer than grace_period", $"use at most {DurationText.Format(lifecycle.GracePeriod)}");
        }

        return lifecycle;
    }
}
