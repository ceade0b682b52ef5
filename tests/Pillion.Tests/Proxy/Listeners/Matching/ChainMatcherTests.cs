using System.Net;
using Pillion.Net;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Listeners;
using Pillion.Proxy.Listeners.Matching;
using Xunit;

namespace Pillion.Tests.Proxy.Listeners.Matching;

public sealed class ChainMatcherTests
{
    [Fact]
    public void Without_a_fitting_chain_there_is_none() =>
        Assert.Null(Choose(new() { Destination = At("10.0.0.1", 80), Source = default }, ("a", new() { DestinationPort = 81 })));

    [Theory]
    [InlineData(80, "port")]
    [InlineData(81, "any")]
    public void A_port_that_is_named_goes_before_any_port(int port, string chosen) => Assert.Equal(chosen, Choose(
        new() { Destination = At("10.0.0.1", port), Source = default }, ("any", new()), ("port", new() { DestinationPort = 80 })));

    [Theory]
    [InlineData("10.1.2.3", "narrow")]
    [InlineData("10.2.0.0", "wide")]
    [InlineData("11.0.0.0", "all")]
    [InlineData("fd00::1", "any")]
    public void The_longest_range_of_destinations_wins(string address, string chosen) => Assert.Equal(chosen, Choose(
        new() { Destination = At(address, 80), Source = default },
        ("any", new()),
        ("all", new() { DestinationRanges = [IPNetwork.Parse("0.0.0.0/0")] }),
        ("wide", new() { DestinationRanges = [IPNetwork.Parse("10.0.0.0/8")] }),
        ("narrow", new() { DestinationRanges = [IPNetwork.Parse("192.168.0.0/16"), IPNetwork.Parse("10.1.0.0/16")] })));

    [Theory]
    [InlineData("www.example.com", "exact")]
    [InlineData("api.example.com", "suffix")]
    [InlineData("a.b.example.com", "suffix")]
    [InlineData("a.deep.example.com", "deeper")]
    [InlineData("example.com", "any")]
    [InlineData(null, "any")]
    public void An_exact_server_name_goes_before_a_suffix_and_a_longer_suffix_before_a_shorter(string? name, string chosen) => Assert.Equal(chosen, Choose(
        new() { Destination = At("10.0.0.1", 443), Source = default, IsTls = true, ServerName = name },
        ("any", new()),
        ("suffix", new() { ServerNames = ["*.example.com"] }),
        ("deeper", new() { ServerNames = ["*.deep.example.com"] }),
        ("exact", new() { ServerNames = ["www.example.com"] })));

    [Theory]
    [InlineData(true, "tls")]
    [InlineData(false, "plain")]
    public void Plaintext_and_TLS_part_ways(bool isTls, string chosen) => Assert.Equal(chosen, Choose(
        new() { Destination = At("10.0.0.1", 443), Source = default, IsTls = isTls }, ("tls", new() { IsTls = true }), ("plain", new() { IsTls = false })));

    [Theory]
    [InlineData("h2,http/1.1", "h2")]
    [InlineData("http/1.1,h2", "http/1.1")]
    [InlineData("spdy", "any")]
    [InlineData("", "any")]
    public void The_first_protocol_that_the_client_offers_and_a_chain_names_decides(string offered, string chosen) => Assert.Equal(chosen, Choose(
        new() { Destination = At("10.0.0.1", 443), Source = default, IsTls = true, ApplicationProtocols = offered.Split(',', StringSplitOptions.RemoveEmptyEntries) },
        ("any", new()), ("h2", new() { ApplicationProtocols = ["h2"] }), ("http/1.1", new() { ApplicationProtocols = ["http/1.1", "http/1.0"] })));

    [Theory]
    [InlineData("10.1.1.1", 5000, "range and port")]
    [InlineData("10.1.1.1", 6000, "range")]
    [InlineData("11.1.1.1", 5000, "port")]
    [InlineData("11.1.1.1", 6000, "any")]
    public void The_source_is_looked_at_last(string source, int port, string chosen) => Assert.Equal(chosen, Choose(
        new() { Destination = At("10.0.0.1", 443), Source = At(source, port) },
        ("any", new()),
        ("port", new() { SourcePorts = [5000] }),
        ("range", new() { SourceRanges = [IPNetwork.Parse("10.0.0.0/8")] }),
        ("range and port", new() { SourceRanges = [IPNetwork.Parse("10.0.0.0/8")], SourcePorts = [5000] })));

    [Fact]
    public void There_is_no_way_back_once_a_more_specific_value_was_taken() =>
        Assert.Null(Choose(
            new() { Destination = At("10.0.0.1", 443), Source = default, IsTls = false },
            ("port and tls", new() { DestinationPort = 443, IsTls = true }),
            ("plain", new() { IsTls = false })));

    private static PeerAddress At(string address, int port) => PeerAddress.From(new IPEndPoint(IPAddress.Parse(address), port));

    private static string? Choose(ConnectionFacts facts, params (string Name, FilterChainMatchConfig Match)[] chains) => ChainMatcher.Choose(
        chains.Select(chain => new ChainSnapshot(new FilterChainConfig { Name = chain.Name, Match = chain.Match }, null, null, null)).ToArray(), facts)?.Name;
}
