using Pillion.Proxy.Clusters;
using Pillion.Proxy.Clusters.Balancing;
using Xunit;

namespace Pillion.Tests.Proxy.Clusters.Balancing;

/// <summary>The endpoint that is expected to be done sooner, in simulated time.</summary>
public sealed class PeakEwmaTests
{
    private readonly Random _random = new(23);
    private readonly LatencyEstimate _estimate = new(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10));

    [Fact]
    public void An_endpoint_nobody_has_seen_is_taken_for_slow_and_the_guess_fades()
    {
        var cell = 0L;
        Assert.Equal(1_000_000, _estimate.Read(ref cell, 1), 0.1);
        Assert.Equal(1_000_000 / Math.E, _estimate.Read(ref cell, 10_001), 1.0);
    }

    [Fact]
    public void A_slow_answer_counts_at_once_and_is_forgotten_slowly()
    {
        var cell = 0L;
        _estimate.Add(ref cell, 3_000_000, 1);
        Assert.Equal(3_000_000, _estimate.Read(ref cell, 1));
        _estimate.Add(ref cell, 1_000, 10_001);

        // One decay later a part of e of it is left, and the new one has the rest.
        Assert.Equal((3_000_000 / Math.E) + (1_000 * (1 - (1 / Math.E))), _estimate.Read(ref cell, 10_001), 10.0);
    }

    [Fact]
    public void Answers_of_the_same_time_become_the_estimate()
    {
        var cell = 0L;
        for (var now = 1; now < 100_000; now += 100)
        {
            _estimate.Add(ref cell, 5_000, now);
        }

        Assert.Equal(5_000, _estimate.Read(ref cell, 99_901), 100.0);
    }

    [Fact]
    public void The_clock_may_come_round()
    {
        var cell = 0L;
        _estimate.Add(ref cell, 2_000_000, uint.MaxValue - 1L);
        Assert.Equal(2_000_000, _estimate.Read(ref cell, uint.MaxValue), 1_000.0);
        Assert.Equal(2_000_000 * Math.Exp(-0.1), _estimate.Read(ref cell, uint.MaxValue + 1_000L), 1_000.0);

        // Another loop's clock is a moment behind.
        Assert.InRange(_estimate.Read(ref cell, uint.MaxValue - 10L), 1_999_000, 2_000_000);
    }

    [Fact]
    public void Of_two_the_faster_is_taken()
    {
        var set = BalancerTests.Set(1, 1);
        var balancer = new PeakEwma(new());
        Warm(balancer, set, 10_000, 1_000);
        Assert.Equal(1, ShareOf(balancer, set, 1));
    }

    [Fact]
    public void Requests_under_way_multiply_the_time()
    {
        var set = BalancerTests.Set(1, 1);
        var balancer = new PeakEwma(new());
        Warm(balancer, set, 10_000, 4_000);
        set[1].RequestBegins();
        Assert.Equal(1, ShareOf(balancer, set, 1));
        set[1].RequestBegins();
        Assert.Equal(0, ShareOf(balancer, set, 1));
    }

    [Fact]
    public void An_endpoint_that_fails_fast_is_avoided_until_it_is_forgiven()
    {
        var set = BalancerTests.Set(1, 1);
        var balancer = new PeakEwma(new());
        Warm(balancer, set, 50_000, 50_000);
        balancer.Learn(set[0], micros: 200, isFailure: true, Later);
        Assert.Equal(0, ShareOf(balancer, set, 0, Later));
        Assert.Equal(0, ShareOf(balancer, set, 0, Later + 20_000, learn: true));

        // 5 s fade to the 50 ms of the other in some 46 s.
        Assert.Equal(1, ShareOf(balancer, set, 0, Later + 50_000, learn: true));
    }

    // Three fast ones and one ten times as slow, all asked as fast as they answer: the slow one must get far less than a quarter.
    [Fact]
    public void In_simulated_time_a_slow_endpoint_gets_what_it_can_serve()
    {
        var peak = Simulate("peak_ewma");
        var turns = Simulate("round_robin");
        foreach (var name in Balancers.All.Names)
        {
            var (shares, mean) = Simulate(name);
            TestContext.Current.TestOutputHelper?.WriteLine($"{name}: {string.Join(" ", shares.Select(share => $"{share:P1}"))}, {mean:F1} ms");
        }

        Assert.InRange(turns.Shares[3], 0.24, 0.26);
        Assert.InRange(peak.Shares[3], 0.0, 0.06);
        Assert.All(peak.Shares[..3], share => Assert.InRange(share, 0.25, 0.4));
        Assert.True(peak.Mean < turns.Mean / 2, $"{peak.Mean} against {turns.Mean} ms");
    }

    private const long Later = 200_000;

    private static (double[] Shares, double Mean) Simulate(string name)
    {
        var set = BalancerTests.Set(1, 1, 1, 1);
        var balancer = Balancers.Create(name);
        var random = new Random(31);
        var ends = new PriorityQueue<(Endpoint Endpoint, long Began), long>();
        var counts = new int[4];
        var total = 0L;
        for (var now = 1L; now < 300_000; now += 5)
        {
            while (ends.TryPeek(out var end, out var at) && at <= now)
            {
                ends.Dequeue();
                end.Endpoint.RequestEnds();
                balancer.Learn(end.Endpoint, (at - end.Began) * 1000, isFailure: false, at);
            }

            var endpoint = balancer.Pick(set, new PickContext([], random) { Now = now })!;
            endpoint.RequestBegins();
            var index = set.AsSpan().IndexOf(endpoint);
            var takes = index == 3 ? 200 : 20;
            ends.Enqueue((endpoint, now), now + takes);

            // The first half minute is the time in which everybody learns.
            if (now > 30_000)
            {
                counts[index]++;
                total += takes;
            }
        }

        return ([.. counts.Select(count => (double)count / counts.Sum())], (double)total / counts.Sum());
    }

    private static void Warm(PeakEwma balancer, EndpointSet set, params long[] micros)
    {
        for (var now = 1L; now < Later; now += 100)
        {
            for (var i = 0; i < set.Count; i++)
            {
                balancer.Learn(set[i], micros[i], isFailure: false, now);
            }
        }
    }

    private double ShareOf(PeakEwma balancer, EndpointSet set, int index, long now = Later, bool learn = false)
    {
        if (learn)
        {
            balancer.Learn(set[1 - index], 50_000, isFailure: false, now);
        }

        return Enumerable.Range(0, 200).Count(_ => balancer.Pick(set, new PickContext([], _random) { Now = now }) == set[index]) / 200.0;
    }
}
