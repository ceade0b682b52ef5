using Pillion.Net.Http;
using Pillion.Net.Http.Http1;
using Xunit;
using HttpMethod = Pillion.Net.Http.HttpMethod;

namespace Pillion.Tests.Net.Http.Http1;

public sealed class ResponseParserTests
{
    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", "200 'OK' v=11 body=Length:2 keep [Content-Length: 2] end=38")]
    [InlineData("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", "200 '' v=11 body=Length:0 keep [Content-Length: 0] end=35")]
    [InlineData("HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n", "200 '' v=11 body=Chunked:0 keep [Transfer-Encoding: chunked] end=45")]
    [InlineData("HTTP/1.1 404 Gef\u00e4llt nicht\r\n\r\n", "404 'Gef\u00e4llt nicht' v=11 body=UntilClose:0 close end=30")]
    [InlineData("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n", "200 'OK' v=10 body=Length:2 close [Content-Length: 2] end=38")]
    [InlineData("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\n", "200 'OK' v=10 body=Length:2 keep [Connection: keep-alive] [Content-Length: 2] end=62")]
    [InlineData("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", "204 'No Content' v=11 body=None:0 keep end=46")]
    [InlineData("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", "304 'Not Modified' v=11 body=None:5 keep [Content-Length: 5] end=48")]
    [InlineData("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1", "100 'Continue' v=11 body=None:0 keep end=25")]
    [InlineData("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", "103 'Early Hints' v=11 body=None:0 keep [Link: </a>] end=40")]
    [InlineData("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", "101 'Switching Protocols' v=11 body=None:0 keep upgrade [Connection: upgrade] [Upgrade: websocket] end=77")]
    [InlineData("HTTP/1.1 999 Odd\r\nContent-Length: 0\r\nx_forwarded_for: a\r\n\r\n", "999 'Odd' v=11 body=Length:0 keep [Content-Length: 0] [x_forwarded_for: a] end=59")]
    public void A_valid_head_is_read(string raw, string expected) => Assert.Equal(expected, AnySplit.Response(raw));

    [Theory]
    [InlineData(nameof(HttpMethod.Head), "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "body=None:5 keep [Content-Length: 5]")]
    [InlineData(nameof(HttpMethod.Head), "HTTP/1.1 200 OK\r\n\r\n", "body=None:0 keep")]
    [InlineData(nameof(HttpMethod.Connect), "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "body=None:0 keep end")]
    [InlineData(nameof(HttpMethod.Connect), "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "body=None:0 keep end")]
    [InlineData(nameof(HttpMethod.Connect), "HTTP/1.1 403 No\r\nContent-Length: 5\r\n\r\n", "body=Length:5 keep")]
    public void The_method_of_the_request_decides_about_the_body(string method, string raw, string expected) =>
        Assert.Contains(expected, AnySplit.Response(raw, Enum.Parse<HttpMethod>(method)), StringComparison.Ordinal);

    [Theory]
    [InlineData("HTTP", "more")]
    [InlineData("HTTP/1.1 200 OK\r\nA: b\r\n", "more")]
    [InlineData("SSH-2.0-x", nameof(HttpViolation.BadStatusLine))]
    [InlineData("HTTX", nameof(HttpViolation.BadStatusLine))]
    [InlineData("HTTP/1.1 20\r\n", nameof(HttpViolation.BadStatusLine))]
    [InlineData("HTTP/1.1 2000\r\n", nameof(HttpViolation.BadStatusLine))]
    [InlineData("HTTP/1.1 099 x\r\n", nameof(HttpViolation.BadStatusLine))]
    [InlineData("HTTP/1.1  200 OK\r\n", nameof(HttpViolation.BadStatusLine))]
    [InlineData("HTTP/1.1 2x0 OK\r\n", nameof(HttpViolation.BadStatusLine))]
    [InlineData("\r\nHTTP/1.1 200 OK\r\n\r\n", nameof(HttpViolation.BadStatusLine))]
    [InlineData("HTTP/2.0 200 OK\r\n", nameof(HttpViolation.UnsupportedVersion))]
    [InlineData("HTTP/1.1 200 OK\nA", nameof(HttpViolation.BareLineFeed))]
    [InlineData("HTTP/1.1 200 OK\r\nA : b\r\n", nameof(HttpViolation.SpaceBeforeColon))]
    [InlineData("HTTP/1.1 200 OK\r\nA: b\r\n c\r\n", nameof(HttpViolation.FoldedField))]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", nameof(HttpViolation.RepeatedContentLength))]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", nameof(HttpViolation.LengthAndChunked))]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", nameof(HttpViolation.NotChunkedLast))]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", nameof(HttpViolation.UnknownTransferCoding))]
    [InlineData("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", nameof(HttpViolation.ChunkedHttp10))]
    [InlineData("HTTP/1.1 304 x\r\nContent-Length: x\r\n\r\n", nameof(HttpViolation.BadContentLength))]
    public void A_bad_head_is_refused_as_early_as_it_can_be(string raw, string expected) => Assert.Equal(expected, AnySplit.Response(raw));

    [Fact]
    public void A_head_above_the_limits_is_refused()
    {
        var rules = HttpRules.Default with { MaxHeadBytes = 40, MaxFields = 2 };
        Assert.Equal(nameof(HttpViolation.HeadTooLarge), AnySplit.Response("HTTP/1.1 200 " + new string('x', 28), rules: rules));
        Assert.Equal(nameof(HttpViolation.TooManyFields), AnySplit.Response("HTTP/1.1 200 OK\r\na:b\r\na:b\r\na:b\r\n", rules: rules));
    }
}
