using CsCheck;
using Pillion.Net.Loop;
using Xunit;

namespace Pillion.Tests.Net.Loop;

public sealed class TimerWheelTests
{
    private const int Nodes = 24;

    private enum Kind
    {
        Arm,
        Cancel,
        Advance,
        Sleep,
    }

    // Near, across every level of the wheel, and beyond its end.
    private static Gen<long> Distance => Gen.OneOf(
        Gen.Long[-5, 70], Gen.Long[0, 5000], Gen.Long[0, 1L << 20], Gen.Long[0, 1L << 31], Gen.Long[0, 1L << 38]);

    private static Gen<(Kind Kind, int Node, long Distance)[]> Steps =>
        Gen.Select(Gen.Int[0, 3].Select(kind => (Kind)kind), Gen.Int[0, Nodes - 1], Distance).Array[1, 200];

    [Fact]
    public void It_fires_what_a_sorted_list_would_fire_and_never_late() =>
        Steps.Sample(
            steps =>
            {
                long now = 1;
                var fired = new List<(Node Node, long When)>();
                var wheel = new TimerWheel(now);
                var nodes = Enumerable.Range(0, Nodes).Select(_ => new Node(fired)).ToArray();
                var model = new Dictionary<Node, long>();
                var due = new Dictionary<Node, long>();
                foreach (var (kind, index, distance) in steps)
                {
                    var node = nodes[index];
                    switch (kind)
                    {
                        case Kind.Arm:
                            wheel.Arm(node, now + distance);
                            model[node] = now + distance;
                            // A time that has passed counts as the time of arming.
                            due[node] = now + Math.Max(0, distance);
                            break;
                        case Kind.Cancel:
                            wheel.Cancel(node);
                            model.Remove(node);
                            break;
                        default:
                            var until = wheel.UntilNext(now);
                            Assert.Equal(model.Count == 0, until < 0);
                            if (model.Count > 0)
                            {
                                Assert.InRange(until, 0, Math.Max(0, model.Values.Min() - now));
                            }

                            now += kind == Kind.Sleep ? Math.Max(0, until) : Math.Max(0, distance);
                            fired.Clear();
                            wheel.Advance(now);
                            var expected = model.Where(entry => entry.Value <= now).ToDictionary();
                            Assert.Equal(expected.Count, fired.Count);
                            Assert.All(fired, item => Assert.Equal(expected[item.Node], item.When));
                            var times = fired.Select(item => due[item.Node]).ToList();
                            Assert.Equal(times.Order(), times);
                            foreach (var item in expected.Keys)
                            {
                                model.Remove(item);
                            }

                            break;
                    }

                    Assert.Equal(model.Count, wheel.Count);
                    Assert.Equal(model.ContainsKey(node), node.IsArmed);
                }
            },
            seed: "0000000000000",
            iter: 3000,
            threads: 1);

    [Fact]
    public void Timers_fire_in_the_order_of_their_time()
    {
        var fired = new List<(Node Node, long When)>();
        var wheel = new TimerWheel(1);
        var random = new Random(7);
        var times = Enumerable.Range(0, 2000).Select(_ => 1 + random.NextInt64(1L << random.Next(1, 36))).ToArray();
        foreach (var time in times)
        {
            wheel.Arm(new Node(fired), time);
        }

        wheel.Advance(1L << 37);
        Assert.Equal(times.Order(), fired.Select(item => item.When));
    }

    [Theory]
    [InlineData(1L)]
    [InlineData(1L << 29)]
    [InlineData((1L << 36) - 1)]
    [InlineData((1L << 36) + 12345)]
    public void A_timer_far_beyond_the_wheel_waits_its_time(long start)
    {
        var fired = new List<(Node Node, long When)>();
        var wheel = new TimerWheel(start);
        var when = start + (5L << 36) + 77;
        wheel.Arm(new Node(fired), when);
        var turns = 0;
        for (var now = start; now < when && fired.Count == 0; turns++)
        {
            now += wheel.UntilNext(now);
            wheel.Advance(now);
            Assert.Equal(now >= when, fired.Count == 1);
        }

        Assert.Single(fired);
        Assert.InRange(turns, 1, 1000);
    }

    [Fact]
    public void What_a_timer_arms_in_the_past_fires_at_the_next_call_and_not_within_this_one()
    {
        var wheel = new TimerWheel(1);
        var count = 0;
        ActionNode again = null!;
        again = new ActionNode(() =>
        {
            count++;
            wheel.Arm(again, 0);
        });
        wheel.Arm(again, 5);
        wheel.Advance(10);
        Assert.Equal(1, count);
        wheel.Advance(10);
        Assert.Equal(1, count);
        wheel.Advance(11);
        Assert.Equal(2, count);
    }

    [Fact]
    public void A_timer_may_cancel_its_neighbours()
    {
        var wheel = new TimerWheel(1);
        var nodes = new List<ActionNode>();
        var fired = 0;
        for (var i = 0; i < 5; i++)
        {
            nodes.Add(new ActionNode(() =>
            {
                fired++;
                nodes.ForEach(wheel.Cancel);
            }));
            wheel.Arm(nodes[i], 5);
        }

        wheel.Advance(5);
        Assert.Equal(1, fired);
        Assert.Equal(0, wheel.Count);
        Assert.Equal(-1, wheel.UntilNext(5));
    }

    private sealed class Node(List<(Node Node, long When)> fired) : TimerNode
    {
        protected internal override void Fire() => fired.Add((this, When));
    }

    private sealed class ActionNode(Action action) : TimerNode
    {
        protected internal override void Fire() => action();
    }
}
