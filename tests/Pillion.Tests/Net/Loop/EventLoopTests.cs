using Pillion.Net.Linux;
using Pillion.Net.Loop;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Net.Loop;

public sealed class EventLoopTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    public static TheoryData<string> Pollers => ["epoll", "parking"];

    [Theory]
    [MemberData(nameof(Pollers))]
    public void Posts_from_many_threads_all_run_and_each_threads_in_order(string poller)
    {
        const int Threads = 4;
        const int Each = 20_000;
        var loop = new EventLoop(0, New(poller), TimeProvider.System);
        var last = new int[Threads];
        var left = Threads * Each;
        using var done = new ManualResetEventSlim();
        var errors = 0;
        loop.Start();
        var threads = Enumerable.Range(0, Threads).Select(thread => new Thread(() =>
        {
            for (var i = 1; i <= Each; i++)
            {
                var number = i;
                loop.Post(() =>
                {
                    errors += loop.IsOnThread && ReferenceEquals(EventLoop.Current, loop) && last[thread] == number - 1 ? 0 : 1;
                    last[thread] = number;
                    if (--left == 0)
                    {
                        done.Set();
                    }
                });
            }
        })).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        Assert.True(done.Wait(Patience, TestContext.Current.CancellationToken));
        Assert.Equal(0, errors);
        loop.StopAndDispose();
    }

    [Theory]
    [MemberData(nameof(Pollers))]
    public void A_sleeping_loop_is_woken_by_every_post(string poller)
    {
        var loop = new EventLoop(0, New(poller), TimeProvider.System);
        loop.Start();
        using var ran = new AutoResetEvent(false);
        for (var i = 0; i < 2000; i++)
        {
            loop.Post(static state => ((AutoResetEvent)state!).Set(), ran);
            Assert.True(ran.WaitOne(Patience));
        }

        loop.StopAndDispose();
    }

    [Theory]
    [MemberData(nameof(Pollers))]
    public void A_stopped_loop_ends_and_a_late_post_or_stop_does_no_harm(string poller)
    {
        var loop = new EventLoop(0, New(poller), TimeProvider.System);
        loop.Start();
        loop.StopAndDispose();
        loop.Post(() => Assert.Fail("ran after the end"));
        loop.Dispose();
    }

    [Fact]
    public void Deferred_actions_run_in_order_after_the_one_that_deferred_them()
    {
        var (loop, _) = ByHand();
        var order = new List<int>();
        loop.Post(() =>
        {
            loop.Defer(_ =>
            {
                order.Add(2);
                loop.Defer(_ => order.Add(4), null);
            }, null);
            loop.Defer(_ => order.Add(3), null);
            order.Add(1);
        });
        loop.RunUntilIdle();
        Assert.Equal([1, 2, 3, 4], order);
    }

    [Fact]
    public void Endless_deferring_does_not_starve_posts()
    {
        var loop = new EventLoop(0, new ParkingPoller(), TimeProvider.System);
        using var ran = new ManualResetEventSlim();
        loop.Start();
        loop.Post(Again);
        loop.Post(ran.Set);
        Assert.True(ran.Wait(Patience, TestContext.Current.CancellationToken));
        loop.StopAndDispose();

        void Again() => loop.Defer(_ => Again(), null);
    }

    [Fact]
    public void An_exception_goes_to_the_hook_and_the_rest_goes_on()
    {
        var poller = new ScriptedPoller();
        var time = new ManualTimeProvider();
        var loop = new EventLoop(0, poller, time);
        var caught = new List<string>();
        var ran = new List<string>();
        loop.Unhandled = exception => caught.Add(exception.Message);
        foreach (var name in new[] { "event 1", "event 2", "event 3" })
        {
            poller.Events.Enqueue(() => RunOrThrow(name));
        }

        loop.Timers.Arm(new ActionNode(() => RunOrThrow("timer 2")), 5);
        loop.Timers.Arm(new ActionNode(() => RunOrThrow("timer 1")), 6);
        loop.Post(() => RunOrThrow("post 2"));
        loop.Post(() => RunOrThrow("post 1"));
        time.Advance(TimeSpan.FromMilliseconds(10));
        loop.RunUntilIdle();
        Assert.Equal(["event 2", "timer 2", "post 2"], caught);
        Assert.Equal(["event 1", "event 3", "timer 1", "post 1"], ran);

        void RunOrThrow(string name)
        {
            if (name.EndsWith('2'))
            {
                throw new InvalidOperationException(name);
            }

            ran.Add(name);
        }
    }

    [Fact]
    public void Without_a_hook_an_exception_ends_the_loop()
    {
        var (loop, _) = ByHand();
        loop.Post(() => throw new InvalidOperationException("a bug"));
        Assert.Throws<InvalidOperationException>(loop.RunUntilIdle);
        Assert.Null(EventLoop.Current);
    }

    [Fact]
    public void An_event_after_a_long_sleep_sees_the_time_of_now()
    {
        var time = new ManualTimeProvider();
        var poller = new ScriptedPoller { OnWait = () => time.Advance(TimeSpan.FromSeconds(10)) };
        var loop = new EventLoop(0, poller, time);
        long seen = 0;
        poller.Events.Enqueue(() => seen = Deadline.After(loop, TimeSpan.FromSeconds(1)).Millis);
        loop.RunUntilIdle();
        Assert.Equal(11_001, seen);
    }

    [Fact]
    public void A_delay_ends_on_time_and_not_before()
    {
        var (loop, time) = ByHand();
        var result = Run(loop, () => loop.DelayAsync(TimeSpan.FromMilliseconds(100)).AsTask());
        time.Advance(TimeSpan.FromMilliseconds(99));
        loop.RunUntilIdle();
        Assert.False(result().IsCompleted);
        time.Advance(TimeSpan.FromMilliseconds(1));
        loop.RunUntilIdle();
        Assert.True(result().Result);
    }

    [Fact]
    public void A_delay_ends_at_once_when_it_is_cancelled()
    {
        var (loop, _) = ByHand();
        using var cancellation = new CancellationTokenSource();
        var result = Run(loop, () => loop.DelayAsync(TimeSpan.FromDays(9999), cancellation.Token).AsTask());
        cancellation.Cancel();
        loop.RunUntilIdle();
        Assert.False(result().Result);
        Assert.Equal(0, loop.Timers.Count);
        Assert.False(Run(loop, () => loop.DelayAsync(TimeSpan.FromDays(1), cancellation.Token).AsTask())().Result);
    }

    [Fact]
    public void A_loop_of_empty_delays_does_not_hold_the_event_loop()
    {
        var (loop, time) = ByHand();
        var count = 0;
        Run(loop, async () =>
        {
            while (await loop.DelayAsync(TimeSpan.Zero))
            {
                count++;
            }
        });
        for (var i = 0; i < 10; i++)
        {
            time.Advance(TimeSpan.FromMilliseconds(1));
            loop.RunUntilIdle();
        }

        Assert.InRange(count, 10, 11);
    }

    [Fact]
    public async Task Code_that_awaits_an_ordinary_task_comes_back_to_its_loop()
    {
        var loop = new EventLoop(0, new ParkingPoller(), TimeProvider.System);
        loop.Start();
        Assert.True(await loop.RunAsync(async () =>
        {
            await Task.Run(() => Assert.False(loop.IsOnThread));
            return loop.IsOnThread;
        }));
        loop.StopAndDispose();
    }

    private static (EventLoop Loop, ManualTimeProvider Time) ByHand()
    {
        var time = new ManualTimeProvider();
        return (new EventLoop(0, new ParkingPoller(), time), time);
    }

    private static Func<T> Run<T>(EventLoop loop, Func<T> body)
    {
        T result = default!;
        loop.Post(() => result = body());
        loop.RunUntilIdle();
        return () => result;
    }

    private static Poller New(string poller) => poller == "epoll" ? new EpollPoller() : new ParkingPoller();

    private sealed class ScriptedPoller : Poller
    {
        public Queue<Action> Events { get; } = [];

        public Action? OnWait { get; init; }

        public override void Wait(int timeoutMillis) => OnWait?.Invoke();

        public override void Dispatch()
        {
            while (Events.TryDequeue(out var action))
            {
                action();
            }
        }

        public override void Wake()
        {
        }
    }

    private sealed class ActionNode(Action action) : TimerNode
    {
        protected internal override void Fire() => action();
    }
}
