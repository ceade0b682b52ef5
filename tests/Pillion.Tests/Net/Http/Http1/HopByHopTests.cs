using Pillion.Net.Http;
using Pillion.Net.Http.Http1;
using Xunit;

namespace Pillion.Tests.Net.Http.Http1;

public sealed class HopByHopTests
{
    [Theory]
    [InlineData("A: b\r\nConnection: close\r\nKeep-Alive: timeout=5\r\nProxy-Connection: x\r\nProxy-Authorization: y\r\nProxy-Authenticate: z\r\nTransfer-Encoding: chunked\r\nTrailer: c\r\n", "A|Trailer")]
    [InlineData("Connection: x-hop,  , X-Other\r\nX-Hop: 1\r\nx-hop: 2\r\nX-OTHER: 3\r\nA: b\r\n", "A")]
    [InlineData("X-Hop: 1\r\nConnection: x-hop\r\nConnection: b\r\nB: 2\r\n", "")]
    [InlineData("Connection: Host, Authorization, Cookie, X-Forwarded-For, X-Forwarded-Any, X-Envoy-Any, X-Request-Id, Content-Length\r\nAuthorization: 1\r\nCookie: 2\r\nX-Forwarded-For: 3\r\nX-Forwarded-Any: 4\r\nX-Envoy-Any: 5\r\nX-Request-Id: 6\r\nContent-Length: 0\r\n", "Authorization|Cookie|X-Forwarded-For|X-Forwarded-Any|X-Envoy-Any|X-Request-Id|Content-Length")]
    [InlineData("Connection: user-id\r\nUser-Id: 1\r\n", "User-Id")]
    [InlineData("Connection: upgrade, http2-settings\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n", "")]
    [InlineData("Connection: upgrade\r\nUpgrade: websocket\r\n", "Upgrade")]
    [InlineData("Upgrade: websocket\r\n", "")]
    [InlineData("TE: gzip\r\n", "")]
    [InlineData("Connection: TE\r\nTE: gzip;q=0.5, Trailers\r\n", "TE")]
    public void What_is_between_neighbours_is_removed_and_nothing_else(string fields, string left)
    {
        var head = new RequestHead();
        var scanner = default(HeadScanner);
        var raw = AnySplit.Bytes($"GET / HTTP/1.1\r\nHost: a\r\n{fields}\r\n");
        Assert.Equal(ParseStatus.Done, RequestParser.Parse(raw, ref scanner, HttpRules.Default with { RejectLengthAndChunked = false }, head, out _, out _));
        HopByHop.Remove(head, new FieldNameSet(["user-id"]));
        var names = Enumerable.Range(1, head.Fields.Count - 1).Where(head.Fields.IsPresent).Select(i => AnySplit.Text(head.Fields.Name(i)));
        Assert.Equal(left, string.Join('|', names));
        Assert.True(head.Fields.Has(KnownField.Host));
        Assert.True(!head.Fields.Has(KnownField.TE) || head.Fields.Get(KnownField.TE).SequenceEqual("trailers"u8));
    }
}
