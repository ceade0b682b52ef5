using System.Net;
using Pillion.Net;
using Pillion.Proxy.Clusters;
using Pillion.Proxy.Clusters.Balancing;
using Pillion.Proxy.Configuration.Balancing;
using Xunit;

namespace Pillion.Tests.Proxy.Clusters.Balancing;

/// <summary>Ring and table: how even they are, and how little moves when endpoints come and go.</summary>
public sealed class ConsistentHashTests
{
    private const int Keys = 50_000;

    private readonly Random _random = new(17);
    private readonly ulong[] _hashes;

    public ConsistentHashTests() => _hashes = [.. Enumerable.Range(0, Keys).Select(_ => (ulong)_random.NextInt64(long.MinValue, long.MaxValue))];

    public static TheoryData<string> Names => ["ring_hash", "maglev"];

    [Theory]
    [MemberData(nameof(Names))]
    public void The_same_hash_gets_the_same_endpoint_on_every_loop(string name)
    {
        var (one, other) = (Balancers.Create(name), Balancers.Create(name));
        var set = Set(10);
        Assert.All(_hashes.Take(2_000), hash => Assert.Same(Pick(one, set, hash), Pick(other, set, hash)));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void The_order_of_the_endpoints_makes_no_difference(string name)
    {
        var endpoints = Endpoints(20);
        var balancer = Balancers.Create(name);
        var (set, turned) = (new EndpointSet(endpoints), new EndpointSet(endpoints.Reverse()));
        Assert.DoesNotContain(_hashes, hash => Pick(balancer, set, hash) != Pick(balancer, turned, hash));
    }

    // A ring of 1024 points is uneven (one part in ten with a hundred points each); a table of 65,537 places is not.
    [Theory]
    [InlineData("ring_hash", 10, 0.6, 1.5)]
    [InlineData("maglev", 10, 0.95, 1.05)]
    [InlineData("maglev", 100, 0.85, 1.15)]
    public void Every_endpoint_has_its_part_of_the_keys(string name, int endpoints, double least, double most)
    {
        var counts = Count(Balancers.Create(name), Set(endpoints));
        Assert.Equal(endpoints, counts.Count);
        Assert.All(counts.Values, count => Assert.InRange(count * (double)endpoints / Keys, least, most));
    }

    [Fact]
    public void A_larger_ring_is_evener()
    {
        var counts = Count(new RingHash(new() { MinRingSize = 65_536 }), Set(10));
        Assert.All(counts.Values, count => Assert.InRange(count * 10.0 / Keys, 0.93, 1.07));
    }

    [Theory]
    [InlineData("ring_hash", 0.25)]
    [InlineData("maglev", 0.06)]
    public void Weights_are_honoured(string name, double within)
    {
        var set = Set(1, 2, 5, 8);
        var counts = Count(Balancers.Create(name), set);
        for (var i = 0; i < set.Count; i++)
        {
            var expected = Keys * set[i].Weight / 16.0;
            Assert.InRange(counts[set[i]], expected * (1 - within), expected * (1 + within));
        }
    }

    [Fact]
    public void When_an_endpoint_of_a_ring_fails_only_its_own_keys_move()
    {
        var endpoints = Endpoints(10);
        var balancer = Balancers.Create("ring_hash");
        var whole = new EndpointSet(endpoints);
        Keep(balancer, whole, new EndpointSet(endpoints.Where((_, i) => i != 3)) { Whole = whole }, endpoints[3], most: 0);
    }

    // A ring has a number of points for all endpoints together (Envoy), so that the others have more of them when one is gone for good: a sixteenth.
    [Theory]
    [InlineData("ring_hash", 0.08)]
    [InlineData("maglev", 0.03)]
    public void When_an_endpoint_leaves_few_keys_of_others_move(string name, double most)
    {
        var endpoints = Endpoints(16);
        var balancer = Balancers.Create(name);
        foreach (var gone in new[] { 0, 7, 15 })
        {
            Keep(balancer, new EndpointSet(endpoints), new EndpointSet(endpoints.Where((_, i) => i != gone)), endpoints[gone], (int)(Keys * most));
        }
    }

    [Theory]
    [InlineData("ring_hash", 0.08)]
    [InlineData("maglev", 0.03)]
    public void An_endpoint_that_comes_takes_its_part_and_leaves_the_rest(string name, double most)
    {
        var endpoints = Endpoints(16);
        var balancer = Balancers.Create(name);
        var (before, after) = (new EndpointSet(endpoints[..15]), new EndpointSet(endpoints));
        var moved = _hashes.Count(hash => Pick(balancer, before, hash) is var old && Pick(balancer, after, hash) is var now && now != old && now != endpoints[15]);
        var taken = _hashes.Count(hash => Pick(balancer, after, hash) == endpoints[15]);
        Assert.InRange(moved, 0, (int)(Keys * most));
        Assert.InRange(taken, Keys / 16 * 6 / 10, Keys / 16 * 15 / 10);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void The_keys_of_one_that_left_are_spread_over_all_others(string name)
    {
        var endpoints = Endpoints(10);
        var balancer = Balancers.Create(name);
        var (before, after) = (new EndpointSet(endpoints), new EndpointSet(endpoints[1..]));
        var heirs = _hashes.Where(hash => Pick(balancer, before, hash) == endpoints[0]).Select(hash => Pick(balancer, after, hash)).CountBy(endpoint => endpoint).ToArray();
        Assert.Equal(9, heirs.Length);
        Assert.All(heirs, heir => Assert.InRange(heir.Value * 9.0 / heirs.Sum(other => other.Value), 0.3, 2.2));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_retry_goes_to_the_same_second_choice_for_the_same_hash(string name)
    {
        var set = Set(8);
        var balancer = Balancers.Create(name);
        var seconds = new HashSet<Endpoint>();
        foreach (var hash in _hashes.Take(2_000))
        {
            var first = Pick(balancer, set, hash);
            var second = balancer.Pick(set, new PickContext([first], _random) { Hash = hash, HasHash = true })!;
            Assert.NotSame(first, second);
            Assert.Same(second, balancer.Pick(set, new PickContext([first], _random) { Hash = hash, HasHash = true }));
            seconds.Add(second);
        }

        Assert.Equal(8, seconds.Count);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Nobody_serves_more_than_the_bound_even_when_all_ask_for_the_same(string name)
    {
        var set = Set(10);
        var balancer = Balancers.Create(name, new BalancingConfig { MaxLoadPercent = 125 });
        for (var request = 1; request <= 400; request++)
        {
            Pick(balancer, set, hash: 4711).RequestBegins();
            var most = Math.Ceiling(1.25 * request / 10);
            Assert.All(set.AsSpan().ToArray(), endpoint => Assert.InRange(endpoint.ActiveRequests, 0, Math.Max(1, most)));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void The_bound_moves_nothing_while_nobody_reaches_it(string name)
    {
        var set = Set(10);
        var (bounded, free) = (Balancers.Create(name, new BalancingConfig { MaxLoadPercent = 200 }), Balancers.Create(name));
        Assert.All(_hashes.Take(2_000), hash => Assert.Same(Pick(free, set, hash), Pick(bounded, set, hash)));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void What_the_bound_moves_goes_to_the_same_place_again(string name)
    {
        var set = Set(10);
        var balancer = Balancers.Create(name, new BalancingConfig { MaxLoadPercent = 125 });
        var first = Pick(balancer, set, hash: 4711);
        first.RequestBegins();
        first.RequestBegins();
        var second = Pick(balancer, set, hash: 4711);
        Assert.NotSame(first, second);
        Assert.Same(second, Pick(balancer, set, hash: 4711));
        first.RequestEnds();
        first.RequestEnds();
        Assert.Same(first, Pick(balancer, set, hash: 4711));
    }

    [Fact]
    public void A_ring_has_as_many_points_as_let_the_lightest_have_a_whole_number()
    {
        var ring = RingTable.Build(Set(1, 2, 5), endpoint => System.Text.Encoding.ASCII.GetBytes(endpoint.Text), 1024, 8 << 20);
        Assert.Equal(1024, ring.Size);
        Assert.Equal([128, 256, 640], ring.CountPlaces(3));
        Assert.Equal(1026, RingTable.Build(Set(3), endpoint => System.Text.Encoding.ASCII.GetBytes(endpoint.Text), 1024, 8 << 20).Size);
        Assert.Equal(99, RingTable.Build(Set(3), endpoint => System.Text.Encoding.ASCII.GetBytes(endpoint.Text), 1024, 100).Size);
    }

    [Fact]
    public void A_table_is_full_and_its_places_are_shared_to_within_one_part_in_a_hundred()
    {
        var set = Set(7);
        var places = MaglevTable.Build(set, endpoint => System.Text.Encoding.ASCII.GetBytes(endpoint.Text), 65_537).CountPlaces(7);
        Assert.Equal(65_537, places.Sum());
        Assert.InRange(places.Max() - places.Min(), 0, 1);
    }

    private static Endpoint Pick(IBalancer balancer, EndpointSet set, ulong hash) => balancer.Pick(set, new PickContext([], Random.Shared) { Hash = hash, HasHash = true })!;

    private void Keep(IBalancer balancer, EndpointSet before, EndpointSet after, Endpoint gone, int most)
    {
        var moved = 0;
        var lost = 0;
        foreach (var hash in _hashes)
        {
            var (old, now) = (Pick(balancer, before, hash), Pick(balancer, after, hash));
            lost += old == gone ? 1 : 0;
            moved += old != gone && old != now ? 1 : 0;
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"of {Keys} keys {lost} were the endpoint's, and {moved} of the others moved");
        Assert.True(lost > 0);
        Assert.InRange(moved, 0, most);
    }

    private Dictionary<Endpoint, int> Count(IBalancer balancer, EndpointSet set) => _hashes.CountBy(hash => Pick(balancer, set, hash)).ToDictionary();

    private static EndpointSet Set(int count) => new(Endpoints(count));

    private static EndpointSet Set(params int[] weights) => BalancerTests.Set(weights);

    private static Endpoint[] Endpoints(int count) =>
        [.. Enumerable.Range(0, count).Select(i => new Endpoint(new Address($"10.1.0.{i + 1}", 8080), new IPEndPoint(new IPAddress([10, 1, 0, (byte)(i + 1)]), 8080), 1))];
}
