using System.Net;
using System.Text;
using Pillion.Net;
using Pillion.Net.Detection;
using Xunit;

namespace Pillion.Tests.Net.Detection;

public sealed class ProxyHeaderWriterTests
{
    private readonly byte[] _buffer = new byte[ProxyHeaderWriter.MaxBytes];

    [Theory]
    [InlineData("192.0.2.1:56324", "198.51.100.7:443", "PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\r\n")]
    [InlineData("[2001:db8::1]:1", "[::1]:65535", "PROXY TCP6 2001:db8::1 ::1 1 65535\r\n")]
    [InlineData("10.0.0.1:1", "[::1]:2", "PROXY TCP6 ::ffff:10.0.0.1 ::1 1 2\r\n")]
    public void Version_1_is_a_line(string source, string target, string line) =>
        Assert.Equal(line, Encoding.ASCII.GetString(_buffer, 0, ProxyHeaderWriter.WriteVersion1(_buffer, Peer(source), Peer(target))));

    [Fact]
    public void Version_1_of_a_unix_socket_is_unknown() =>
        Assert.Equal("PROXY UNKNOWN\r\n", Encoding.ASCII.GetString(_buffer, 0, ProxyHeaderWriter.WriteVersion1(_buffer, PeerAddress.Unix, PeerAddress.Unix)));

    [Theory]
    [InlineData("192.0.2.1:56324", "198.51.100.7:443")]
    [InlineData("[2001:db8::1]:1", "[::1]:65535")]
    [InlineData("10.0.0.1:1", "[::1]:2")]
    [InlineData("[::1]:2", "10.0.0.1:1")]
    public void What_is_written_is_read_as_the_same(string source, string target)
    {
        var first = Read(ProxyHeaderWriter.WriteVersion1(_buffer, Peer(source), Peer(target)));
        Assert.Equal((1, false, source, target), (first.Version, first.IsLocal, first.Source.ToString(), first.Destination.ToString()));
        var second = Read(ProxyHeaderWriter.WriteVersion2(_buffer, Peer(source), Peer(target)));
        Assert.Equal((2, false, source, target), (second.Version, second.IsLocal, second.Source.ToString(), second.Destination.ToString()));
    }

    [Fact]
    public void Version_2_carries_the_authority_and_the_identity()
    {
        var header = Read(ProxyHeaderWriter.WriteVersion2(_buffer, Peer("10.0.0.1:1"), Peer("10.0.0.2:2"), "orders.example", "spiffe://a.example/x"));
        Assert.Equal(("orders.example", "spiffe://a.example/x"), (header.Authority, header.Identity));
    }

    [Fact]
    public void The_longest_identity_fits_and_one_that_is_too_long_is_left_out()
    {
        var authority = new string('a', 50);
        var longest = "spiffe://" + new string('a', 2039);
        Assert.Equal(longest, Read(ProxyHeaderWriter.WriteVersion2(_buffer, Peer("[::1]:1"), Peer("[::1]:2"), authority, longest)).Identity);
        var header = Read(ProxyHeaderWriter.WriteVersion2(_buffer, Peer("[::1]:1"), Peer("[::1]:2"), authority, longest + "a"));
        Assert.Equal((authority, null), (header.Authority, header.Identity));
    }

    [Fact]
    public void Without_addresses_the_values_still_arrive()
    {
        var header = Read(ProxyHeaderWriter.WriteVersion2(_buffer, PeerAddress.Unix, PeerAddress.Unix, identity: "spiffe://a.example/x"));
        Assert.True(header.IsLocal);
        Assert.Equal("spiffe://a.example/x", header.Identity);
    }

    [Fact]
    public void A_connection_of_ones_own_is_local()
    {
        var length = ProxyHeaderWriter.WriteLocal(_buffer);
        Assert.Equal(16, length);
        Assert.True(Read(length).IsLocal);
    }

    private static PeerAddress Peer(string text) => PeerAddress.From(IPEndPoint.Parse(text));

    private ProxyHeader Read(int length)
    {
        Assert.Equal(Recognition.Yes, ProxyHeaderReader.TryRead(_buffer.AsSpan(0, length), out var header, out var consumed));
        Assert.Equal(length, consumed);
        return header!;
    }
}
