using System.Net;
using System.Text;
using Pillion.Net;
using Pillion.Net.Http;
using Pillion.Proxy.Forwarding;
using Xunit;

namespace Pillion.Tests.Proxy.Forwarding;

/// <summary>The client behind the proxies that are believed.</summary>
public sealed class ClientAddressTests
{
    private static readonly PeerAddress Peer = PeerAddress.From(new IPEndPoint(IPAddress.Parse("10.9.9.9"), 1));

    [Theory]
    [InlineData(0, "10.9.9.9", "1.1.1.1, 2.2.2.2, 10.9.9.9")]
    [InlineData(1, "2.2.2.2", "1.1.1.1, 2.2.2.2, 10.9.9.9")]
    [InlineData(2, "1.1.1.1", "1.1.1.1, 2.2.2.2, 10.9.9.9")]
    [InlineData(3, "10.9.9.9", "1.1.1.1, 2.2.2.2, 10.9.9.9")]
    [InlineData(1, "2.2.2.2", "1.1.1.1", "2.2.2.2,10.9.9.9")]
    [InlineData(1, "10.9.9.9", "")]
    [InlineData(0, "2001:db8::1", "2001:db8::1")]
    [InlineData(0, "1.2.3.4", "::ffff:1.2.3.4")]
    [InlineData(0, "10.9.9.9", "01.2.3.4")]
    [InlineData(0, "10.9.9.9", "1.2.3")]
    [InlineData(0, "10.9.9.9", "1.2.3.4:80")]
    [InlineData(0, "10.9.9.9", "1.2.3.4 5")]
    [InlineData(0, "10.9.9.9", "+1.2.3.4")]
    [InlineData(0, "10.9.9.9", "fe80::1%eth0")]
    [InlineData(0, "10.9.9.9", "unknown")]
    [InlineData(0, "10.9.9.9", "256.1.1.1")]
    [InlineData(0, "10.9.9.9", "1.1.1.1,")]
    public void It_is_so_many_places_from_the_end_or_the_peer_itself(int hops, string expected, params string[] fields)
    {
        var list = new FieldList();
        foreach (var field in fields)
        {
            list.Add("x-forwarded-for"u8, Encoding.ASCII.GetBytes(field));
        }

        Assert.Equal(expected, ClientAddress.Of(list, hops, Peer).AddressText());
    }

    [Fact]
    public void Whatever_stands_there_it_is_an_address_or_the_peer()
    {
        var random = new Random(7);
        var pieces = (string[])["1.2.3.4", ",", ", ", ".", ":", "::", "1", "ffff", "a", "%", "[", " ", "256"];
        for (var i = 0; i < 20_000; i++)
        {
            var text = string.Concat(Enumerable.Range(0, random.Next(8)).Select(_ => pieces[random.Next(pieces.Length)]));
            var list = new FieldList();
            list.Add("x-forwarded-for"u8, Encoding.ASCII.GetBytes(text));
            var address = ClientAddress.Of(list, random.Next(3), Peer).AddressText();
            Assert.True(IPAddress.TryParse(address, out _), $"'{text}' became {address}");
        }
    }
}
