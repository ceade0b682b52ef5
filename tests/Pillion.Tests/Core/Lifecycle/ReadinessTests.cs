using Pillion.Core.Lifecycle;
using Pillion.Tests.Support;
using Xunit;
using Machine = Pillion.Core.Lifecycle.Lifecycle;

namespace Pillion.Tests.Core.LifecycleMachine;

public sealed class ReadinessTests
{
    private readonly Machine _lifecycle = new(new ManualTimeProvider());

    [Fact]
    public void It_has_started_when_the_last_of_its_own_conditions_is_met_whatever_the_application_does()
    {
        var configuration = _lifecycle.AddCondition("configuration", "not read yet");
        var listeners = _lifecycle.AddCondition("listeners", "not bound yet");
        var application = _lifecycle.AddCondition("application", "not started yet", ConditionScope.Application);

        configuration.Meet();
        Assert.False(_lifecycle.IsStarted);
        Assert.Equal(["listeners: not bound yet", "application: not started yet"], _lifecycle.Reasons());

        listeners.Meet();
        Assert.True(_lifecycle.Started.IsCompletedSuccessfully);
        Assert.False(_lifecycle.IsReady);

        application.Meet();
        Assert.True(_lifecycle.IsReady);
        Assert.Empty(_lifecycle.Reasons());
    }

    [Fact]
    public void A_condition_that_fails_later_takes_readiness_back_but_not_the_start()
    {
        var listeners = _lifecycle.AddCondition("listeners", "not bound yet");
        listeners.Meet();
        listeners.Fail("lost");
        Assert.True(_lifecycle.IsStarted);
        Assert.False(_lifecycle.IsReady);
        Assert.Equal(["listeners: lost"], _lifecycle.Reasons());
    }

    [Theory]
    [InlineData(null, null, null, 30, 0)]
    [InlineData("10.0.0.1", null, null, 30, 5)]
    [InlineData("10.0.0.1", "10", null, 10, 2)]
    [InlineData("10.0.0.1", "60", "0", 60, 0)]
    [InlineData(null, null, "7", 30, 7)]
    public void The_lame_duck_is_five_seconds_in_a_cluster_and_none_elsewhere_unless_set(string? host, string? grace, string? lameDuck, int expectedGrace, int expectedLameDuck)
    {
        var mistakes = new List<string>();
        var times = new StopTimes().With(Environment(host, grace, lameDuck), mistakes);
        Assert.Empty(mistakes);
        Assert.Equal(TimeSpan.FromSeconds(expectedGrace), times.GracePeriod);
        Assert.Equal(TimeSpan.FromSeconds(expectedLameDuck), times.LameDuck);
    }

    [Fact]
    public void A_wrong_grace_period_in_the_environment_is_a_mistake_and_changes_nothing()
    {
        var mistakes = new List<string>();
        var times = new StopTimes().With(Environment(null, "soon", null), mistakes);
        Assert.Equal(["TERMINATION_GRACE_PERIOD_SECONDS: 'soon' is not a number of seconds; use 0-86400"], mistakes);
        Assert.Equal(TimeSpan.FromSeconds(30), times.GracePeriod);
    }

    private static Func<string, string?> Environment(string? host, string? grace, string? lameDuck) => name => name switch
    {
        "KUBERNETES_SERVICE_HOST" => host,
        "TERMINATION_GRACE_PERIOD_SECONDS" => grace,
        "PILLION_LAME_DUCK_SECONDS" => lameDuck,
        _ => null,
    };
}
