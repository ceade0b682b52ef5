using Pillion.Proxy.Clusters;
using Pillion.Proxy.Configuration.Balancing;
using Xunit;
using static Pillion.Tests.Proxy.Clusters.Levels.Plans;

namespace Pillion.Tests.Proxy.Clusters.Levels;

/// <summary>Which endpoints of a cluster requests go to, by priority, zone and label, as their health changes.</summary>
public sealed class PlanTests
{
    [Fact]
    public void A_priority_that_cannot_bear_all_passes_the_rest_on()
    {
        var plans = new Plans(new(), endpoints: [.. Enumerable.Range(0, 10).Select(i => Endpoint(i)), .. Enumerable.Range(10, 10).Select(i => Endpoint(i, priority: 1))]);
        Assert.Equal(1, plans.Shares(ByPriority)["0"]);
        plans.Fail(0, 1);
        Assert.Equal(1, plans.Shares(ByPriority)["0"]);
        plans.Fail(2, 3, 4);
        AssertShare(0.7, plans.Shares(ByPriority)["0"]);
        plans.Fail(5, 6, 7, 8, 9);
        Assert.Equal(1, plans.Shares(ByPriority)["1"]);
        plans.Recover(0);
        AssertShare(0.14, plans.Shares(ByPriority)["0"]);
    }

    [Fact]
    public void In_panic_all_are_used_and_it_is_counted()
    {
        var plans = new Plans(new(), endpoints: [.. Enumerable.Range(0, 5).Select(i => Endpoint(i))]);
        plans.Fail(0, 1, 2);
        var shares = plans.Shares(endpoint => endpoint.Text, 5_000);
        Assert.Equal(5, shares.Count);
        Assert.Equal(5_000, plans.Metrics.HealthyPanic);
    }

    [Fact]
    public void Half_of_them_healthy_is_no_panic()
    {
        var plans = new Plans(new(), endpoints: [.. Enumerable.Range(0, 4).Select(i => Endpoint(i))]);
        plans.Fail(0, 1);
        Assert.Equal(2, plans.Shares(endpoint => endpoint.Text, 500).Count);
        Assert.Equal(0, plans.Metrics.HealthyPanic);
    }

    [Fact]
    public void Without_a_panic_threshold_failing_ones_are_never_used()
    {
        var plans = new Plans(new() { PanicPercent = 0 }, endpoints: [Endpoint(0), Endpoint(1), Endpoint(2)]);
        plans.Fail(0, 1);
        Assert.Equal(plans[2].Text, Assert.Single(plans.Shares(endpoint => endpoint.Text, 500)).Key);
        plans.Fail(2);
        Assert.Null(plans.Pick());
        Assert.True(plans.Endpoints.Current.IsEmpty);
    }

    [Fact]
    public void Panic_may_be_a_reason_to_fail_instead()
    {
        var plans = new Plans(new() { FailsOnPanic = true }, endpoints: [Endpoint(0), Endpoint(1), Endpoint(2)]);
        Assert.NotNull(plans.Pick());
        plans.Fail(0, 1);
        Assert.Null(plans.Pick());
    }

    [Fact]
    public void An_ejected_endpoint_counts_as_one_that_fails_its_checks()
    {
        var plans = new Plans(new(), endpoints: [Endpoint(0), Endpoint(1), Endpoint(2)]);
        plans[1].IsEjected = true;
        plans.Endpoints.HealthChanged();
        Assert.DoesNotContain(plans[1].Text, plans.Shares(endpoint => endpoint.Text, 500).Keys);
    }

    [Fact]
    public void A_retry_leaves_a_priority_whose_endpoints_have_all_been_tried()
    {
        var plans = new Plans(new(), endpoints: [Endpoint(0), Endpoint(1, priority: 1), Endpoint(2, priority: 1)]);
        Assert.Same(plans[0], plans.Pick());
        var second = plans.Pick(tried: plans[0]);
        Assert.NotSame(plans[0], second);
        Assert.NotNull(plans.Pick(tried: [plans[0], plans[1], plans[2]]));
    }

    [Fact]
    public void Zones_by_weight_get_their_shares_whatever_the_number_of_endpoints()
    {
        var plans = new Plans(new() { WeighsLocalities = true }, endpoints: [Endpoint(0, zone: "a", zoneWeight: 3), .. Enumerable.Range(1, 5).Select(i => Endpoint(i, zone: "b", zoneWeight: 1))]);
        AssertShare(0.75, plans.Shares(ByZone)["a"]);
    }

    [Fact]
    public void A_zone_that_lost_endpoints_keeps_its_weight_as_far_as_the_others_can_bear_it()
    {
        var plans = new Plans(new() { WeighsLocalities = true }, endpoints:
            [.. Enumerable.Range(0, 10).Select(i => Endpoint(i, zone: "a", zoneWeight: 1)), .. Enumerable.Range(10, 10).Select(i => Endpoint(i, zone: "b", zoneWeight: 1))]);
        plans.Fail(0, 1);
        AssertShare(0.5, plans.Shares(ByZone)["a"]);

        // 50 % healthy, 140 % provisioned: 0.7 against 1.
        plans.Fail(2, 3, 4);
        AssertShare(0.7 / 1.7, plans.Shares(ByZone)["a"]);
    }

    [Fact]
    public void A_zone_without_a_weight_gets_nothing()
    {
        var plans = new Plans(new() { WeighsLocalities = true }, endpoints: [Endpoint(0, zone: "a", zoneWeight: 1), Endpoint(1, zone: "b")]);
        Assert.Equal(1, plans.Shares(ByZone, 500)["a"]);
    }

    [Theory]
    [InlineData("ring_hash")]
    [InlineData("maglev")]
    public void A_hash_keeps_its_endpoint_where_zones_have_weights(string balancer)
    {
        var plans = new Plans(new() { WeighsLocalities = true }, balancer, [Endpoint(0, zone: "a", zoneWeight: 3), .. Enumerable.Range(1, 5).Select(i => Endpoint(i, zone: "b", zoneWeight: 1))]);
        Assert.Same(plans.Pick(hash: 42), plans.Pick(hash: 42));
        AssertShare(0.75, plans.Shares(ByZone)["a"], within: 0.05);
    }

    // The example of Envoy's comments: peers 40/40/20, endpoints 25/50/25.
    [Fact]
    public void Of_our_own_zone_as_much_stays_as_it_can_bear_and_the_rest_goes_where_there_is_room()
    {
        var zones = new ZoneRoutingConfig { Own = new(Zone: "a"), Peers = [new(new(Zone: "a"), 40), new(new(Zone: "b"), 40), new(new(Zone: "c"), 20)] };
        var plans = new Plans(new() { Zones = zones }, endpoints:
            [.. Enumerable.Range(0, 2).Select(i => Endpoint(i, zone: "a")), .. Enumerable.Range(2, 4).Select(i => Endpoint(i, zone: "b")), .. Enumerable.Range(6, 2).Select(i => Endpoint(i, zone: "c"))]);
        var shares = plans.Shares(ByZone, 50_000);
        AssertShare(0.625, shares["a"]);
        AssertShare(0.375 * 2 / 3, shares["b"]);
        AssertShare(0.375 / 3, shares["c"]);
        Assert.Equal(50_000, plans.Metrics.ZoneRoutingSampled + plans.Metrics.ZoneRoutingCrossZone);
    }

    [Fact]
    public void A_zone_that_can_bear_its_own_requests_keeps_them_all()
    {
        var plans = Zoned(peersHere: 1, peersThere: 1, here: 3, there: 3);
        Assert.Equal(1, plans.Shares(ByZone, 1_000)["a"]);
        Assert.Equal(1_000, plans.Metrics.ZoneRoutingDirect);
    }

    [Theory]
    [InlineData(1, 1, 2, 3, "five endpoints are fewer than six")]
    [InlineData(2, 0, 3, 3, "all peers are in one zone")]
    [InlineData(0, 2, 3, 3, "nobody is in ours")]
    [InlineData(1, 1, 0, 6, "no endpoint is in ours, and the others are one zone")]
    public void Zones_do_not_matter_where_they_cannot(int peersHere, int peersThere, int here, int there, string why)
    {
        var plans = Zoned(peersHere, peersThere, here, there);
        var shares = plans.Shares(ByZone);
        Assert.True(Math.Abs(shares.GetValueOrDefault("a") - ((double)here / (here + there))) < 0.02, why);
        Assert.Equal(0, plans.Metrics.ZoneRoutingDirect + plans.Metrics.ZoneRoutingSampled);
    }

    [Fact]
    public void Requests_return_to_the_own_zone_when_its_endpoints_do()
    {
        var plans = Zoned(peersHere: 1, peersThere: 1, here: 6, there: 6);
        plans.Fail(0, 1, 2);

        // A third of the healthy ones are here, half of the peers: two thirds stay.
        AssertShare(2 / 3.0, plans.Shares(ByZone)["a"]);
        plans.Recover(0);
        plans.Recover(1);
        plans.Recover(2);
        Assert.Equal(1, plans.Shares(ByZone, 1_000)["a"]);
    }

    [Fact]
    public void A_part_of_the_requests_may_be_left_out_of_routing_by_zone()
    {
        var plans = Zoned(peersHere: 1, peersThere: 1, here: 3, there: 3, percent: 50);
        AssertShare(0.75, plans.Shares(ByZone)["a"]);
    }

    [Fact]
    public void Endpoints_are_found_by_the_labels_a_route_asks_for()
    {
        var plans = Divided(SubsetFallback.None);
        Assert.Equal(["v2"], plans.Shares(ByVersion, 500, Labels("version=v2")).Keys);
        Assert.Single(plans.Shares(endpoint => endpoint.Text, 500, Labels("version=v1 stage=canary")));
        Assert.Equal(1_000, plans.Metrics.SubsetsSelected);
        Assert.Equal(0, plans.Metrics.SubsetsFallback);
    }

    [Theory]
    [InlineData("None", "none")]
    [InlineData("Any", "v1 v2")]
    [InlineData("Default", "v1")]
    public void What_no_endpoint_has_falls_back_as_configured(string fallback, string versions)
    {
        var plans = Divided(Enum.Parse<SubsetFallback>(fallback));
        foreach (var labels in new[] { "version=v9", "stage=canary", "colour=blue" })
        {
            Assert.Equal(versions, string.Join(' ', plans.Shares(ByVersion, 500, Labels(labels)).Keys.Order()));
        }

        Assert.Equal(1_500, plans.Metrics.SubsetsFallback);
        Assert.Equal(versions, string.Join(' ', plans.Shares(ByVersion, 500).Keys.Order()));
    }

    [Fact]
    public void A_selector_may_fall_back_in_its_own_way()
    {
        var plans = Divided(SubsetFallback.None, own: SubsetFallback.Any);
        Assert.Equal(2, plans.Shares(ByVersion, 500, Labels("version=v9")).Count);
        Assert.Null(plans.Pick(Labels("version=v9 stage=canary")));
    }

    [Fact]
    public void A_subset_has_a_health_of_its_own()
    {
        var plans = Divided(SubsetFallback.Any);
        plans.Fail(2);

        // One of the two endpoints of v2 is half of them: no panic, and nothing of it for v1.
        Assert.Equal(plans[3].Text, Assert.Single(plans.Shares(endpoint => endpoint.Text, 500, Labels("version=v2"))).Key);
        plans.Fail(3);
        Assert.Equal(["v2"], plans.Shares(ByVersion, 500, Labels("version=v2")).Keys);
        Assert.Equal(500, plans.Metrics.HealthyPanic);
    }

    [Fact]
    public void An_endpoint_that_comes_back_gets_its_share_by_and_by()
    {
        foreach (var balancer in new[] { "round_robin", "least_request" })
        {
            var plans = new Plans(new() { SlowStart = new() { Window = TimeSpan.FromSeconds(30) } }, balancer, [Endpoint(0), Endpoint(1), Endpoint(2)]);
            plans.Fail(0);
            plans.Clock.Advance(TimeSpan.FromSeconds(1));
            plans.Recover(0);
            var curve = new List<double>();
            foreach (var step in new[] { 0, 3, 12, 15 })
            {
                plans.Clock.Advance(TimeSpan.FromSeconds(step));
                curve.Add(plans.Shares(endpoint => endpoint.Text, 20_000).GetValueOrDefault(plans[0].Text));
            }

            // 10 % of its weight at first, 50 % after half of the window: 0.1/2.1, 0.1/2.1, 0.5/2.5, 1/3.
            double[] expected = [0.1 / 2.1, 0.1 / 2.1, 0.5 / 2.5, 1 / 3.0];
            Assert.All(curve.Zip(expected), pair => AssertShare(pair.Second, pair.First));
        }
    }

    [Fact]
    public void Aggression_is_steep_at_first()
    {
        var plans = new Plans(new() { SlowStart = new() { Window = TimeSpan.FromSeconds(16), Aggression = 2, MinWeightPercent = 1 } }, "round_robin", [Endpoint(0), Endpoint(1)]);
        plans.Fail(0);
        plans.Recover(0);
        plans.Clock.Advance(TimeSpan.FromSeconds(4));

        // A quarter of the window to the power of one half is a half.
        AssertShare(0.5 / 1.5, plans.Shares(endpoint => endpoint.Text)[plans[0].Text]);
    }

    [Fact]
    public void Endpoints_that_are_all_new_share_equally()
    {
        var plans = new Plans(new() { SlowStart = new() { Window = TimeSpan.FromSeconds(30) } }, "round_robin", [Endpoint(0), Endpoint(1)]);
        AssertShare(0.5, plans.Shares(endpoint => endpoint.Text)[plans[0].Text]);
    }

    [Theory]
    [InlineData("ring_hash", 0)]
    [InlineData("maglev", 60)]
    public void A_hash_stays_with_its_endpoint_when_another_one_fails(string balancer, int most)
    {
        var plans = new Plans(new(), balancer, [.. Enumerable.Range(0, 10).Select(i => Endpoint(i))]);
        var before = Enumerable.Range(0, 2_000).Select(i => plans.Pick(hash: (ulong)i * 0x9E3779B97F4A7C15)!).ToArray();
        plans.Fail(4);
        SpinWait.SpinUntil(() => plans.Endpoints.Current.Count == 9, TimeSpan.FromSeconds(10));
        var moved = Enumerable.Range(0, 2_000).Count(i => before[i] != plans[4] && before[i] != plans.Pick(hash: (ulong)i * 0x9E3779B97F4A7C15));
        Assert.InRange(moved, 0, most);
    }

    private static Plans Zoned(int peersHere, int peersThere, int here, int there, double percent = 100) => new(
        new()
        {
            Zones = new()
            {
                Own = new(Zone: "a"),
                Peers = new([.. new[] { new ZonePeers(new(Zone: "a"), peersHere), new ZonePeers(new(Zone: "b"), peersThere) }.Where(peers => peers.Count > 0)]),
                EnabledPercent = percent,
            },
        },
        "random",
        [.. Enumerable.Range(0, here).Select(i => Endpoint(i, zone: "a")), .. Enumerable.Range(here, there).Select(i => Endpoint(i, zone: "b"))]);

    private static Plans Divided(SubsetFallback fallback, SubsetFallback? own = null) => new(
        new()
        {
            Subsets = new()
            {
                Fallback = fallback,
                WithoutLabels = fallback,
                Default = Labels("version=v1"),
                Selectors = [new(["version"], own), new(["stage", "version"])],
            },
        },
        "random",
        Endpoint(0, labels: "version=v1"),
        Endpoint(1, labels: "version=v1 stage=canary"),
        Endpoint(2, labels: "version=v2"),
        Endpoint(3, labels: "version=v2"));

    private static string ByPriority(Endpoint endpoint) => endpoint.Priority.ToString();

    private static string ByZone(Endpoint endpoint) => endpoint.Locality.Zone;

    private static string ByVersion(Endpoint endpoint) => endpoint.Labels["version"]!;

    // Twenty thousand draws: three standard deviations are about 0.01.
    private static void AssertShare(double expected, double actual, double within = 0.012) => Assert.InRange(actual, expected - within, expected + within);
}
