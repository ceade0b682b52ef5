using Pillion.Proxy.Clusters.Levels;
using Xunit;

namespace Pillion.Tests.Proxy.Clusters.Levels;

/// <summary>Envoy's tables of priorities and panic, row by row; 140 % overprovisioning, a panic threshold of 50 %.</summary>
public sealed class PriorityLoadsTests
{
    [Theory]
    [InlineData("100", "100")]
    [InlineData("100 100", "100 0")]
    [InlineData("72 100", "100 0")]
    [InlineData("71 100", "99 1")]
    [InlineData("50 100", "70 30")]
    [InlineData("25 100", "35 65")]
    [InlineData("0 100", "0 100")]
    [InlineData("72 72", "100 0")]
    [InlineData("71 71", "99 1")]
    [InlineData("50 50", "70 30")]
    [InlineData("25 25", "50 50")]
    [InlineData("100 100 100", "100 0 0")]
    [InlineData("72 72 100", "100 0 0")]
    [InlineData("71 71 100", "99 1 0")]
    [InlineData("50 50 100", "70 30 0")]
    [InlineData("25 100 100", "35 65 0")]
    [InlineData("25 25 100", "35 35 30")]
    [InlineData("25 25 20", "36 36 28")]
    public void Healthy_shares_give_the_loads_of_the_table(string healthy, string loads) => Assert.Equal(loads, Text(Of(healthy, panic: 0).Load));

    [Theory]
    [InlineData("72 100", "- -")]
    [InlineData("0 100", "- -")]
    [InlineData("72 72", "- -")]
    [InlineData("71 71", "- -")]
    [InlineData("50 60", "- -")]
    [InlineData("25 100", "- -")]
    [InlineData("25 25", "P P")]
    [InlineData("5 65", "P -")]
    public void Only_where_all_together_cannot_bear_it_is_there_panic(string healthy, string panics) =>
        Assert.Equal(panics, string.Join(' ', Of(healthy, panic: 50).InPanic.Select(panic => panic ? "P" : "-")));

    [Fact]
    public void A_priority_in_panic_beside_one_that_is_not_keeps_its_load() => Assert.Equal("7 93", Text(Of("5 65", panic: 50).Load));

    [Fact]
    public void With_every_priority_in_panic_the_number_of_endpoints_decides()
    {
        Assert.Equal("75 25", Text(PriorityLoads.Of([new(0, 300), new(10, 100)], 140, 50).Load));

        // 33 each would leave one over, which the first one that has endpoints takes.
        Assert.Equal("0 34 33 33", Text(PriorityLoads.Of([new(0, 0), new(0, 10), new(0, 10), new(0, 10)], 140, 50).Load));
    }

    [Fact]
    public void Without_panic_and_without_health_nobody_gets_anything()
    {
        var loads = Of("0 0", panic: 0);
        Assert.Equal("0 0", Text(loads.Load));
        Assert.DoesNotContain(true, loads.InPanic);
    }

    [Fact]
    public void No_endpoints_and_no_priorities_are_borne()
    {
        Assert.Empty(PriorityLoads.Of([], 140, 50).Load);
        Assert.Equal("0", Text(PriorityLoads.Of([new(0, 0)], 140, 50).Load));
    }

    [Fact]
    public void Loads_are_whole_and_none_is_lost_whatever_the_numbers()
    {
        var random = new Random(3);
        for (var round = 0; round < 20_000; round++)
        {
            var levels = new LevelHealth[random.Next(1, 5)];
            for (var i = 0; i < levels.Length; i++)
            {
                var total = random.Next(1, 50);
                levels[i] = new(random.Next(total + 1), total);
            }

            var overprovisioning = random.Next(100, 300);
            var loads = PriorityLoads.Of(levels, overprovisioning, 50);
            Assert.Equal(100, loads.Load.Sum());
            Assert.All(loads.Load, load => Assert.InRange(load, 0, 100));

            // A priority without a healthy endpoint gets requests only in panic.
            for (var i = 0; i < levels.Length; i++)
            {
                Assert.True(levels[i].Usable > 0 || loads.Load[i] == 0 || loads.InPanic[i]);
            }
        }
    }

    private static PriorityLoads Of(string healthy, double panic) =>
        PriorityLoads.Of([.. healthy.Split(' ').Select(share => new LevelHealth(int.Parse(share), 100))], 140, panic);

    private static string Text(int[] loads) => string.Join(' ', loads);
}
