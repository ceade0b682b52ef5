using System.Net;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Configuration.Reading;
using Xunit;

namespace Pillion.Tests.Proxy.Configuration;

public sealed class ChainOverlapsTests
{
    [Fact]
    public void Chains_that_differ_in_one_thing_do_not_overlap()
    {
        var overlaps = new ChainOverlaps();
        FilterChainMatchConfig[] matches =
        [
            new(),
            new() { IsTls = true },
            new() { IsTls = false },
            new() { DestinationPort = 80 },
            new() { ServerNames = ["a", "b"] },
            new() { ServerNames = ["c"] },
            new() { ServerNames = ["a"], ApplicationProtocols = ["h2"] },
            new() { SourceRanges = [new IPNetwork(IPAddress.Any, 0)] },
            new() { DestinationRanges = [new IPNetwork(IPAddress.Any, 0)] },
            new() { SourcePorts = [1] },
        ];

        Assert.All(matches, match => Assert.Null(overlaps.Add(match.ToString(), match)));
    }

    [Fact]
    public void One_value_in_common_is_an_overlap()
    {
        var overlaps = new ChainOverlaps();
        Assert.Null(overlaps.Add("first", new() { ServerNames = ["a", "b"], SourcePorts = [1, 2] }));

        Assert.Equal("first", overlaps.Add("second", new() { ServerNames = ["c", "b"], SourcePorts = [2, 3] }));
    }

    [Fact]
    public void A_chain_that_names_a_thing_twice_does_not_overlap_with_itself() =>
        Assert.Null(new ChainOverlaps().Add("one", new() { ServerNames = ["a", "a"] }));

    [Fact]
    public void What_would_be_very_many_combinations_is_given_up()
    {
        var overlaps = new ChainOverlaps();

        overlaps.Add("wide", new() { ServerNames = [.. Enumerable.Range(0, 2000).Select(i => $"{i}.example")], SourcePorts = [.. Enumerable.Range(1, 2000)] });

        Assert.True(overlaps.IsFull);
    }
}
