using Pillion.Core.Configuration.Reading;
using Xunit;

namespace Pillion.Tests.Core.Configuration;

public sealed class NetworkTextTests
{
    [Theory]
    [InlineData("10.0.0.0/8", "10.0.0.0/8")]
    [InlineData("0.0.0.0/0", "0.0.0.0/0")]
    [InlineData("10.1.2.3", "10.1.2.3/32")]
    [InlineData("10.1.2.3/32", "10.1.2.3/32")]
    [InlineData("10.1.2.128/25", "10.1.2.128/25")]
    [InlineData("fd00::/8", "fd00::/8")]
    [InlineData("::1", "::1/128")]
    [InlineData("::/0", "::/0")]
    public void A_network_or_one_address(string text, string expected)
    {
        Assert.True(NetworkText.TryParse(text, out var network, out _, out _));
        Assert.Equal(expected, network.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("10")]
    [InlineData("10.0.0/8")]
    [InlineData("010.0.0.0/8")]
    [InlineData("0x0a.0.0.0/8")]
    [InlineData("10.0.0.0/")]
    [InlineData("10.0.0.0/-1")]
    [InlineData("10.0.0.0/33")]
    [InlineData("10.0.0.0/8/8")]
    [InlineData("fe80::1%eth0")]
    [InlineData("[::1]")]
    [InlineData("a.internal")]
    public void What_can_be_read_in_two_ways_is_none(string text) => Assert.False(NetworkText.TryParse(text, out _, out _, out _));

    [Fact]
    public void Bits_behind_the_prefix_are_asked_about()
    {
        Assert.False(NetworkText.TryParse("10.1.2.3/8", out _, out _, out var remedy));
        Assert.Equal("use 10.0.0.0/8 for the network, or 10.1.2.3 for the address", remedy);
    }
}
