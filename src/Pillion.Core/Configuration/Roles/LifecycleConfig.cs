using Pillion.Core.Configuration.Reading;

namespace Pillion.Core.Configuration.Roles;

/// <summary>How the sidecar stops.</summary>
internal sealed record LifecycleConfig
{
    /// <summary>From the signal to the exit; below Kubernetes' own 30 s, so that it ends by itself.</summary>
    public TimeSpan GracePeriod { get; init; } = TimeSpan.FromSeconds(25);

    /// <summary>The part of the grace period in which inbound is announced closed but still served.</summary>
    public TimeSpan LameDuck { get; init; } = TimeSpan.FromSeconds(5);

    public static LifecycleConfig Read(ConfigValue value)
    {
        var defaults = new LifecycleConfig();
        using var map = value.AsMap();
        var lifecycle = new LifecycleConfig
        {
            GracePeriod = map.Optional("grace_period", "From the signal to stop until the exit, at most.").AsDuration(defaults.GracePeriod),
            LameDuck = map.Optional("lame_duck", "Part of the grace period in which readiness fails and connections are announced closed, but requests are still served.")
                .AsDuration(defaults.LameDuck),
        };
        if (lifecycle.LameDuck > lifecycle.GracePeriod)
        {
            if (map.Has("lame_duck"))
            {
                map.Optional("lame_duck").Fail($"{DurationText.Format(lifecycle.LameDuck)} is longer than grace_period", $"use at most {DurationText.Format(lifecycle.GracePeriod)}");
                return lifecycle;
            }

            // Only the grace period was shortened: the default lame duck follows it.
            return lifecycle with { LameDuck = lifecycle.GracePeriod / 5 };
        }

        return lifecycle;
    }
}
