using Pillion.Core.Lifecycle;
using Pillion.Tests.Support;
using Xunit;
using Machine = Pillion.Core.Lifecycle.Lifecycle;

namespace Pillion.Tests.Core.LifecycleMachine;

public sealed class StoppingTests
{
    private readonly ManualTimeProvider _clock = new();
    private readonly List<string> _told = [];
    private readonly Machine _lifecycle;
    private readonly RecordingRole _proxy;
    private readonly RecordingRole _agent;

    public StoppingTests()
    {
        _lifecycle = new Machine(_clock) { Times = new StopTimes { GracePeriod = Seconds(30), LameDuck = Seconds(5) } };
        _proxy = new RecordingRole("proxy", _told);
        _agent = new RecordingRole("agent", _told);
        _lifecycle.AddCondition("configuration", "not read yet").Meet();
    }

    [Fact]
    public async Task The_stages_come_in_order_and_roles_stop_in_the_reverse_of_their_order()
    {
        var application = new FakeApplication(isOurs: true, _told) { ObeysWith = 3 };
        var states = new List<LifecycleState>();
        _lifecycle.Changed = states.Add;
        var stopped = Stop(application);
        _lifecycle.RequestStop(new StopRequest("SIGTERM", 15));

        for (var second = 1; second <= 5; second++)
        {
            await ReachAsync(second);
        }

        Finish();
        Assert.Equal(3, await stopped);
        Assert.Equal([LifecycleState.LameDuck, LifecycleState.Draining, LifecycleState.Stopped], states);
        Assert.Equal(["proxy: lame duck", "agent: lame duck", "proxy: drain", "agent: drain", "app: signal 15", "agent: stop", "proxy: stop"], _told);
    }

    [Fact]
    public async Task Inbound_is_served_for_the_whole_lame_duck()
    {
        var stopped = Stop(new FakeApplication(isOurs: true, _told) { ObeysWith = 0 });
        _lifecycle.RequestStop(new StopRequest("SIGTERM"));
        for (var second = 1; second <= 4; second++)
        {
            await ReachAsync(second);
            Assert.Equal(LifecycleState.LameDuck, _lifecycle.State);
        }

        await ReachAsync(5);
        await Eventually.IsAsync(() => _lifecycle.State == LifecycleState.Draining);
        Finish();
        await stopped;
    }

    [Fact]
    public async Task The_lame_duck_ends_when_the_application_has_gone()
    {
        var stopped = Stop(new FakeApplication(isOurs: false, _told) { IsGone = true });
        _lifecycle.RequestStop(new StopRequest("SIGTERM"));
        Finish();
        _proxy.Idle.SetResult();
        _agent.Idle.SetResult();
        Assert.Equal(0, await stopped);
        Assert.Equal(TimeSpan.Zero.Ticks, _clock.GetTimestamp());
    }

    [Fact]
    public async Task Outbound_stays_open_until_a_neighbour_no_longer_uses_it()
    {
        _lifecycle.Times = new StopTimes { GracePeriod = Seconds(30), LameDuck = TimeSpan.Zero };
        var stopped = Stop(new FakeApplication(isOurs: false, _told));
        _lifecycle.RequestStop(new StopRequest("SIGTERM"));
        Finish();
        await Eventually.IsAsync(() => _lifecycle.State == LifecycleState.Draining);
        Assert.DoesNotContain("proxy: stop", _told);
        _proxy.Idle.SetResult();
        _agent.Idle.SetResult();
        await stopped;
        Assert.Contains("proxy: stop", _told);
    }

    [Fact]
    public async Task An_endless_request_leaves_the_application_half_of_the_time_and_one_that_does_not_obey_is_killed()
    {
        _lifecycle.Times = new StopTimes { GracePeriod = Seconds(30), LameDuck = TimeSpan.Zero };
        var application = new FakeApplication(isOurs: true, _told);
        var stopped = Stop(application);
        _lifecycle.RequestStop(new StopRequest("SIGTERM", 15));

        // 30 s less 2 s of reserve: inbound may take 14 of them.
        await ReachAsync(14);
        await Eventually.IsAsync(() => Told("app: signal 15"));
        Assert.False(Told("app: kill"));
        await ReachAsync(28);
        Assert.Equal(137, await stopped);
        Assert.True(Told("app: kill"));
    }

    [Fact]
    public async Task A_second_request_ends_at_once()
    {
        var application = new FakeApplication(isOurs: true, _told);
        var stopped = Stop(application);
        Assert.True(_lifecycle.RequestStop(new StopRequest("SIGTERM")));
        Assert.False(_lifecycle.RequestStop(new StopRequest("SIGTERM")));
        Assert.Equal(137, await stopped);
        Assert.Equal(0, _clock.GetTimestamp());
    }

    [Fact]
    public async Task The_applications_own_end_is_not_a_second_request()
    {
        var application = new FakeApplication(isOurs: true, _told);
        var stopped = Stop(application);
        _lifecycle.RequestStop(new StopRequest("SIGTERM"));
        application.End(9);
        _lifecycle.RequestExit("the application ended");
        Finish();
        Assert.Equal(9, await stopped);
        Assert.False(Told("app: kill"));
        Assert.False(Told("app: signal 15"));
    }

    [Fact]
    public async Task An_application_that_the_terminal_has_told_is_not_told_again()
    {
        _lifecycle.Times = new StopTimes { LameDuck = TimeSpan.Zero };
        var application = new FakeApplication(isOurs: true, _told);
        var stopped = Stop(application);
        _lifecycle.RequestStop(new StopRequest("SIGINT", 2, ApplicationWasTold: true));
        Finish();
        application.End(130);
        Assert.Equal(130, await stopped);
        Assert.False(Told("app: signal 2"));
    }

    [Fact]
    public async Task A_drain_keeps_the_process_until_it_is_told_to_stop()
    {
        var stopped = Stop(new FakeApplication(isOurs: true, _told) { ObeysWith = 0 });
        Assert.True(_lifecycle.RequestDrain());
        for (var second = 1; second <= 5; second++)
        {
            await ReachAsync(second);
        }

        await Eventually.IsAsync(() => Told("agent: drain"));
        Assert.False(_lifecycle.IsReady);
        Assert.False(stopped.IsCompleted);
        Finish();
        _lifecycle.RequestStop(new StopRequest("SIGTERM"));
        Assert.Equal(0, await stopped);
        Assert.Single(_told, line => line == "proxy: drain");
    }

    private static TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(seconds);

    private Task<int> Stop(FakeApplication application) => _lifecycle.StopAsync([_proxy, _agent], application);

    private void Finish()
    {
        _proxy.Drained.TrySetResult();
        _agent.Drained.TrySetResult();
    }

    private async Task ReachAsync(int second)
    {
        await Eventually.IsAsync(() => _clock.HasTimerAt(Seconds(second)));
        _clock.Advance(Seconds(second) - TimeSpan.FromTicks(_clock.GetTimestamp()));
    }

    private bool Told(string line)
    {
        lock (_told)
        {
            return _told.Contains(line);
        }
    }
}
