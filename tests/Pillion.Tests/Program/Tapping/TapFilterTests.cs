using System.Text;
using Pillion.Core.Signals;
using Pillion.Net.Http;
using Pillion.Tapping;
using Pillion.Tests.Core.Signals;
using Xunit;

namespace Pillion.Tests.Program.Tapping;

public sealed class TapFilterTests
{
    [Theory]
    [InlineData("", true)]
    [InlineData("route=orders-all", true)]
    [InlineData("route=orders-*", true)]
    [InlineData("route=orders", false)]
    [InlineData("cluster=orders", true)]
    [InlineData("cluster=payments", false)]
    [InlineData("listener=inbound", true)]
    [InlineData("status=503", true)]
    [InlineData("status=5xx", true)]
    [InlineData("status=2xx,400-503", true)]
    [InlineData("status=4xx", false)]
    [InlineData("status=0", false)]
    [InlineData("method=get", true)]
    [InlineData("method=POST", false)]
    [InlineData("path=/v1/", true)]
    [InlineData("path=/v2/", false)]
    [InlineData("peer=10.1.2.3", true)]
    [InlineData("peer=10.0.0.0/8", true)]
    [InlineData("peer=10.2.0.0/16", false)]
    [InlineData("peer=spiffe://example.org/*", true)]
    [InlineData("peer=spiffe://other.org/*", false)]
    [InlineData("slower=7ms", true)]
    [InlineData("slower=8ms", false)]
    [InlineData("header=X-Tenant", true)]
    [InlineData("header=x-tenant=acme", true)]
    [InlineData("header=x-tenant=other", true)]
    [InlineData("header=x-tenant=none", false)]
    [InlineData("header=x-absent", false)]
    [InlineData("status=5xx&method=POST", false)]
    [InlineData("header=x-tenant=acme&header=accept", true)]
    [InlineData("header=x-tenant=acme&header=x-absent", false)]
    public void Every_condition_must_hold(string query, bool expected)
    {
        var record = Sample.Refused();
        record.PeerIdentity = "spiffe://example.org/ns/shop/sa/web";
        var head = new RequestHead();
        head.Fields.Add("x-tenant"u8, "acme"u8);
        head.Fields.Add("X-Tenant"u8, "other"u8);
        head.Fields.Add("Accept"u8, "*/*"u8);
        Assert.Equal(expected, Read(query, out _)!.Matches(record, head));
    }

    [Theory]
    [InlineData("status=600", "status: '600' is not a status; use one such as 503, 5xx or 400-499")]
    [InlineData("status=500-400", "status: '500-400' is not a status; use one such as 503, 5xx or 400-499")]
    [InlineData("status=9xx", "status: '9xx' is not a status; use one such as 503, 5xx or 400-499")]
    [InlineData("slower=fast", "slower: 'fast' is not a duration; use one such as 200ms")]
    [InlineData("header=a b=c", "header: 'a b=c' is not a header; use NAME or NAME=VALUE")]
    [InlineData("header==c", "header: '=c' is not a header; use NAME or NAME=VALUE")]
    public void A_mistake_is_one_line(string query, string expected)
    {
        Assert.Null(Read(query, out var mistake));
        Assert.Equal(expected, mistake);
    }

    [Fact]
    public void A_network_that_is_none_is_not_taken_for_an_identity()
    {
        Assert.Null(Read("peer=10.0.0.1/8", out var mistake));
        Assert.StartsWith("peer: '10.0.0.1/8' ", mistake);
    }

    [Fact]
    public void What_is_no_HTTP_has_no_header() => Assert.False(Read("header=a", out _)!.Matches(Sample.Served(), null));

    [Fact]
    public void Asking_allocates_nothing()
    {
        var filter = Read("status=2xx&route=orders-*&method=POST&path=/v1&slower=1ms&cluster=orders", out _)!;
        var record = Sample.Served();
        Assert.Equal(0, Allocations.Of(() => filter.Matches(record, null)));
    }

    private static TapFilter? Read(string query, out string mistake)
    {
        var given = query.Split('&', StringSplitOptions.RemoveEmptyEntries).Select(pair => pair.Split('=', 2)).ToList();
        return TapFilter.Read(name => given.Where(pair => pair[0] == name).Select(pair => pair[1]), out mistake);
    }
}
