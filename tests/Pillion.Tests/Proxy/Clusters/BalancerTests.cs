using System.Net;
using Pillion.Net;
using Pillion.Proxy.Clusters;
using Pillion.Proxy.Clusters.Balancing;
using Xunit;

namespace Pillion.Tests.Proxy.Clusters;

public sealed class BalancerTests
{
    private readonly Random _random = new(7);

    public static TheoryData<string> Names => [.. Balancers.All.Names];

    // A ring is as even as its points are many: its shares are those of the points, which ConsistentHashTests bounds.
    public static TheoryData<string> EvenNames => [.. Balancers.All.Names.Where(name => name != "ring_hash")];

    [Theory]
    [MemberData(nameof(Names))]
    public void An_empty_set_gives_no_endpoint(string name) => Assert.Null(Balancers.Create(name).Pick(EndpointSet.Empty, new PickContext([], _random)));

    [Theory]
    [MemberData(nameof(EvenNames))]
    public void Equal_endpoints_get_equal_shares(string name) => AssertShares(Balancers.Create(name), Set(1, 1, 1, 1, 1), [0.2, 0.2, 0.2, 0.2, 0.2]);

    [Theory]
    [MemberData(nameof(EvenNames))]
    public void Weights_are_honoured(string name) => AssertShares(Balancers.Create(name), Set(1, 2, 5), [0.125, 0.25, 0.625]);

    [Theory]
    [MemberData(nameof(Names))]
    public void A_retry_goes_to_an_endpoint_that_was_not_tried(string name)
    {
        foreach (var set in new[] { Set(1, 1, 1, 1), Set(4, 3, 2, 1) })
        {
            var balancer = Balancers.Create(name);
            for (var round = 0; round < 200; round++)
            {
                var tried = new List<Endpoint>();
                for (var attempt = 0; attempt < set.Count; attempt++)
                {
                    var endpoint = balancer.Pick(set, new PickContext([.. tried], _random));
                    Assert.NotNull(endpoint);
                    Assert.DoesNotContain(endpoint, tried);
                    tried.Add(endpoint);
                }

                Assert.NotNull(balancer.Pick(set, new PickContext([.. tried], _random)));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Endpoints_tried_that_left_the_set_do_no_harm(string name)
    {
        var set = Set(1, 1);
        var gone = Set(1, 1, 1);
        for (var round = 0; round < 50; round++)
        {
            Assert.Same(set[1], Balancers.Create(name).Pick(set, new PickContext([gone[0], set[0], gone[1]], _random)));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_changed_set_is_followed_at_once(string name)
    {
        var balancer = Balancers.Create(name);
        balancer.Pick(Set(3, 2, 1), new PickContext([], _random));
        foreach (var set in new[] { Set(1, 3), Set(1, 1, 1), Set(1) })
        {
            var picked = Enumerable.Range(0, 500).Select(_ => balancer.Pick(set, new PickContext([], _random))).Distinct().ToList();
            Assert.Equal(set.Count, picked.Count);
            Assert.All(picked, endpoint => Assert.True(set.AsSpan().Contains(endpoint!)));
        }
    }

    [Fact]
    public void Round_robin_takes_turns_exactly()
    {
        var set = Set(1, 1, 1);
        var balancer = new RoundRobin();
        var first = balancer.Pick(set, new PickContext([], _random))!;
        var at = set.AsSpan().IndexOf(first);
        for (var i = 1; i < 10; i++)
        {
            Assert.Same(set[(at + i) % 3], balancer.Pick(set, new PickContext([], _random)));
        }
    }

    [Fact]
    public void Weighted_turns_are_mixed_not_bunched()
    {
        var set = Set(5, 1, 1);
        var balancer = new RoundRobin();
        var picks = Enumerable.Range(0, 700).Select(_ => balancer.Pick(set, new PickContext([], _random))!).ToList();
        Assert.Equal([500, 100, 100], set.AsSpan().ToArray().Select(endpoint => picks.Count(pick => pick == endpoint)));

        // 5 of 7, spread out: never more than four in a row, across the end of a cycle.
        var run = 0;
        var longest = 0;
        foreach (var pick in picks)
        {
            run = pick == set[0] ? run + 1 : 0;
            longest = Math.Max(longest, run);
        }

        Assert.InRange(longest, 1, 4);
    }

    [Fact]
    public void Round_robin_of_different_loops_begins_at_different_endpoints()
    {
        var set = Set(1, 1, 1, 1, 1, 1, 1, 1);
        var starts = Enumerable.Range(0, 64).Select(_ => new RoundRobin().Pick(set, new PickContext([], _random))).Distinct().Count();
        Assert.InRange(starts, 6, 8);
    }

    [Fact]
    public void Least_request_of_two_takes_the_idle_one()
    {
        var set = Set(1, 1);
        set[0].RequestBegins();
        for (var i = 0; i < 50; i++)
        {
            Assert.Same(set[1], new LeastRequest().Pick(set, new PickContext([], _random)));
        }
    }

    [Fact]
    public void Least_request_never_takes_the_busiest_of_many()
    {
        var set = Set(1, 1, 1, 1);
        set[2].RequestBegins();
        for (var i = 0; i < 500; i++)
        {
            Assert.NotSame(set[2], new LeastRequest().Pick(set, new PickContext([], _random)));
        }

        set[2].RequestEnds();
        AssertShares(new LeastRequest(), set, [0.25, 0.25, 0.25, 0.25]);
    }

    [Fact]
    public void Least_request_of_more_choices_finds_the_idle_one_more_often()
    {
        var set = Set([.. Enumerable.Repeat(1, 10)]);
        foreach (var endpoint in set.AsSpan()[1..])
        {
            endpoint.RequestBegins();
        }

        // Of two different ones, a fifth; of k draws with repetition, 1 - 0.9^k; where there are as many draws as endpoints, always.
        double[] expected = [0.2, 1 - Math.Pow(0.9, 5), 1];
        foreach (var (choices, share) in new[] { 2, 5, 20 }.Zip(expected))
        {
            var balancer = new LeastRequest(new() { Choices = choices });
            var hits = Enumerable.Range(0, 20_000).Count(_ => balancer.Pick(set, new PickContext([], _random)) == set[0]);
            Assert.InRange(hits / 20_000.0, share - 0.015, share + 0.015);
        }
    }

    [Theory]
    [InlineData(0, 0.75)]
    [InlineData(1, 0.5)]
    [InlineData(2, 0.25)]
    public void The_bias_says_how_much_requests_take_from_a_weight(double bias, double share)
    {
        // 3 / 3^bias against 1.
        var set = Set(3, 1);
        set[0].RequestBegins();
        set[0].RequestBegins();
        AssertShares(new LeastRequest(new() { ActiveRequestBias = bias }), set, [share, 1 - share]);
    }

    [Fact]
    public void Weighted_least_request_divides_the_weight_by_the_load()
    {
        var set = Set(3, 1);
        set[0].RequestBegins();
        set[0].RequestBegins();
        AssertShares(new LeastRequest(), set, [0.5, 0.5]);
    }

    [Fact]
    public void Picking_allocates_nothing()
    {
        var sets = new[] { Set(1, 1, 1), Set(3, 2, 1) };
        Endpoint[] tried = [sets[0][0], sets[1][1]];
        foreach (var name in Balancers.All.Names)
        {
            foreach (var set in sets)
            {
                var balancer = Balancers.Create(name);
                for (var i = 0; i < 50; i++)
                {
                    balancer.Pick(set, new PickContext(i % 2 == 0 ? tried : [], _random));
                }

                var before = GC.GetAllocatedBytesForCurrentThread();
                for (var i = 0; i < 1000; i++)
                {
                    balancer.Pick(set, new PickContext(tried, _random));
                }

                Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
            }
        }
    }

    internal static EndpointSet Set(params int[] weights) => new(weights.Select((weight, i) =>
        new Endpoint(new Address($"10.0.0.{i + 1}", 80), new IPEndPoint(new IPAddress([10, 0, 0, (byte)(i + 1)]), 80), weight)));

    // Chi-square against the expected shares; 20 is beyond one in ten thousand for up to four degrees of freedom, and the seed is fixed.
    private void AssertShares(IBalancer balancer, EndpointSet set, double[] shares)
    {
        const int Picks = 20_000;
        var counts = new int[set.Count];
        for (var i = 0; i < Picks; i++)
        {
            counts[set.AsSpan().IndexOf(balancer.Pick(set, new PickContext([], _random))!)]++;
        }

        var distance = counts.Zip(shares).Sum(pair => Math.Pow(pair.First - (pair.Second * Picks), 2) / (pair.Second * Picks));
        Assert.True(distance < 20, $"{string.Join(", ", counts)} of {Picks}");
    }
}
