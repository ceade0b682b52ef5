namespace Pillion.Core.Lifecycle;

/// <summary>How long the stages of stopping may take.</summary>
internal sealed record StopTimes
{
    /// <summary>In a cluster, endpoint removal lags behind SIGTERM by a few seconds; nobody else needs telling.</summary>
    public static readonly TimeSpan LameDuckInCluster = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long inbound is served as before while readiness already fails. Null is the default: 5 s in Kubernetes, 0 elsewhere. It ends early
    /// when the application has gone, as it has when a native sidecar gets its SIGTERM: then there is nothing left to serve.
    /// </summary>
    public TimeSpan? LameDuck { get; init; }

    /// <summary>From the first signal to the end, whatever is still going on (Kubernetes: terminationGracePeriodSeconds, 30 s).</summary>
    public TimeSpan GracePeriod { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Kept back from the grace period for the end itself, so that we end and are not ended.</summary>
    public TimeSpan Reserve { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Outbound unused for this long counts as no longer needed, where the application is not ours to wait for.</summary>
    public TimeSpan OutboundQuiet { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Lays the environment over the settings: <c>PILLION_LAME_DUCK_SECONDS</c>, and <c>TERMINATION_GRACE_PERIOD_SECONDS</c>, which the pod's
    /// template carries because a container cannot ask for its own grace period. Mistakes are sentences; a wrong value changes nothing.
    /// </summary>
    public StopTimes With(Func<string, string?> environment, ICollection<string> mistakes)
    {
        var times = this;
        if (ReadSeconds(environment, "TERMINATION_GRACE_PERIOD_SECONDS", mistakes) is { } grace)
        {
            times = times with { GracePeriod = grace };
        }

        if (ReadSeconds(environment, "PILLION_LAME_DUCK_SECONDS", mistakes) is { } lameDuck)
        {
            times = times with { LameDuck = lameDuck };
        }

        // A short grace period shortens the default with it.
        var usual = environment("KUBERNETES_SERVICE_HOST") is { Length: > 0 } ? LameDuckInCluster : TimeSpan.Zero;
        return times with { LameDuck = times.LameDuck ?? (usual < times.GracePeriod / 5 ? usual : times.GracePeriod / 5) };
    }

    private static TimeSpan? ReadSeconds(Func<string, string?> environment, string name, ICollection<string> mistakes)
    {
        if (environment(name) is not { Length: > 0 } text)
        {
            return null;
        }

        if (uint.TryParse(text, System.Globalization.NumberStyles.None, null, out var seconds) && seconds <= 86_400)
        {
            return TimeSpan.FromSeconds(seconds);
        }

        mistakes.Add($"{name}: '{text}' is not a number of seconds; use 0-86400");
        return null;
    }
}
