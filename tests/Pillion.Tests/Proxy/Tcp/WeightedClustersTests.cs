using Pillion.Proxy.Tcp;
using Xunit;

namespace Pillion.Tests.Proxy.Tcp;

public sealed class WeightedClustersTests
{
    [Fact]
    public void Clusters_are_drawn_in_proportion_to_their_weights()
    {
        var clusters = new WeightedClusters<string>([("a", 1), ("never", 0), ("b", 7), ("c", 2)]);
        var random = new Random(1);
        var drawn = Enumerable.Range(0, 100_000).Select(_ => clusters.Pick(random)).CountBy(name => name).ToDictionary();
        Assert.Equal(["a", "b", "c"], drawn.Keys.Order());
        Assert.InRange(drawn["a"], 9_500, 10_500);
        Assert.InRange(drawn["b"], 69_000, 71_000);
        Assert.InRange(drawn["c"], 19_300, 20_700);
    }

    [Fact]
    public void Each_draw_belongs_to_the_cluster_in_whose_share_it_lies()
    {
        var clusters = new WeightedClusters<string>([("a", 1), ("b", 2), ("c", 1)]);
        Assert.Equal(["a", "b", "b", "c"], Enumerable.Range(0, 4).Select(draw => clusters.Pick(new Drawing(draw))));
    }

    [Fact]
    public void The_same_seed_draws_the_same_clusters()
    {
        var clusters = new WeightedClusters<int>([(1, 50), (2, 50)]);
        Assert.Equal(Draw(new Random(7)), Draw(new Random(7)));

        List<int> Draw(Random random) => [.. Enumerable.Range(0, 100).Select(_ => clusters.Pick(random))];
    }

    [Fact]
    public void Weights_may_be_as_large_as_their_type()
    {
        var clusters = new WeightedClusters<string>([("a", uint.MaxValue), ("b", uint.MaxValue)]);
        Assert.Equal("a", clusters.Pick(new Drawing(uint.MaxValue - 1L)));
        Assert.Equal("b", clusters.Pick(new Drawing(uint.MaxValue)));
    }

    [Fact]
    public void Without_a_weight_there_is_nothing_to_draw() => Assert.Throws<ArgumentException>(() => new WeightedClusters<string>([("a", 0)]));

    // A generator that draws what it is told.
    private sealed class Drawing(long draw) : Random
    {
        public override long NextInt64(long maxValue) => draw;
    }
}
