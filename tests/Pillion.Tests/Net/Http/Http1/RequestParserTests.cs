using Pillion.Net.Http;
using Pillion.Net.Http.Http1;
using Xunit;

namespace Pillion.Tests.Net.Http.Http1;

public sealed class RequestParserTests
{
    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET(Get) / form=Origin authority=a v=11 body=None:0 keep [Host: a] end=27")]
    [InlineData("GET /a?b=c HTTP/1.1\r\nhOST:\t a:80 \t\r\nX-Empty:\r\n\r\nGET ", "GET(Get) /a?b=c form=Origin authority=a:80 v=11 body=None:0 keep [hOST: a:80] [X-Empty: ] end=48")]
    [InlineData("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", "POST(Post) / form=Origin authority=a v=11 body=Length:5 keep [Host: a] [Content-Length: 5] end=47")]
    [InlineData("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nExpect: 100-continue\r\n\r\n", "POST(Post) / form=Origin authority=a v=11 body=Length:0 keep [Host: a] [Content-Length: 0] [Expect: 100-continue] end=69")]
    [InlineData("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\nExpect: 100-Continue\r\n\r\n", "PUT(Put) / form=Origin authority=a continue v=11 body=Chunked:0 keep [Host: a] [Transfer-Encoding: Chunked] [Expect: 100-Continue] end=77")]
    [InlineData("GET / HTTP/1.0\r\n\r\n", "GET(Get) / form=Origin authority= v=10 body=None:0 close end=18")]
    [InlineData("GET / HTTP/1.0\r\nConnection: foo, Keep-Alive\r\n\r\n", "GET(Get) / form=Origin authority= v=10 body=None:0 keep [Connection: foo, Keep-Alive] end=47")]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\nConnection: ,CLOSE\r\n\r\n", "GET(Get) / form=Origin authority=a v=11 body=None:0 close [Host: a] [Connection: keep-alive] [Connection: ,CLOSE] end=71")]
    [InlineData("GET / HTTP/1.9\r\nHost: a\r\n\r\n", "GET(Get) / form=Origin authority=a v=11 body=None:0 keep [Host: a] end=27")]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", "GET(Get) / form=Origin authority=a v=11 body=None:0 keep upgrade [Host: a] [Connection: Upgrade] [Upgrade: websocket] end=68")]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n", "GET(Get) / form=Origin authority=a v=11 body=None:0 keep [Host: a] [Connection: Upgrade] [Upgrade: h2c] end=62")]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n", "GET(Get) / form=Origin authority=a v=11 body=None:0 keep [Host: a] [Upgrade: websocket] end=47")]
    [InlineData("BREW /pot HTTP/1.1\r\nHost:\r\n\r\n", "BREW(Other) /pot form=Origin authority= v=11 body=None:0 keep [Host: ] end=29")]
    [InlineData("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET(Get) / form=Origin authority=a v=11 body=None:0 keep [Host: a] end=31")]
    [InlineData("GET http://b:8080/x/../y?z HTTP/1.1\r\nHost: a\r\n\r\n", "GET(Get) /y?z form=Absolute authority=b:8080 v=11 body=None:0 keep [Host: a] end=48")]
    [InlineData("GET HTTPS://b HTTP/1.1\r\nHost: a\r\n\r\n", "GET(Get) / form=Absolute authority=b https v=11 body=None:0 keep [Host: a] end=35")]
    [InlineData("GET http://b?q HTTP/1.1\r\nHost: a\r\n\r\n", "GET(Get) /?q form=Absolute authority=b v=11 body=None:0 keep [Host: a] end=36")]
    [InlineData("OPTIONS http://b HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS(Options) * form=Absolute authority=b v=11 body=None:0 keep [Host: a] end=38")]
    [InlineData("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS(Options) * form=Asterisk authority=a v=11 body=None:0 keep [Host: a] end=31")]
    [InlineData("CONNECT b:443 HTTP/1.1\r\nHost: a\r\n\r\n", "CONNECT(Connect)  form=Authority authority=b:443 v=11 body=None:0 keep [Host: a] end=35")]
    [InlineData("GET / HTTP/1.1\r\nHost: [::1]:80\r\nX_Custom: \u00e9\r\n\r\n", "GET(Get) / form=Origin authority=[::1]:80 v=11 body=None:0 keep [Host: [::1]:80] [X_Custom: \u00e9] end=47")]
    public void A_valid_head_is_read(string raw, string expected) => Assert.Equal(expected, AnySplit.Request(raw));

    [Theory]
    [InlineData("", "more")]
    [InlineData("\r", "more")]
    [InlineData("\r\n\r\n", "more")]
    [InlineData("G", "more")]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\n", "more")]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\n\r", "more")]
    public void An_incomplete_head_waits(string raw, string expected) => Assert.Equal(expected, AnySplit.Request(raw));

    [Theory]
    [InlineData("\u0016\u0003\u0001", nameof(HttpViolation.ControlByte))] // a TLS hello
    [InlineData(" ", nameof(HttpViolation.BadMethod))]
    [InlineData("G(", nameof(HttpViolation.BadMethod))]
    [InlineData("GET  ", nameof(HttpViolation.BadRequestLine))]
    [InlineData("GET / HTTP/1.1 x", nameof(HttpViolation.BadRequestLine))]
    [InlineData("GET /\r\n", nameof(HttpViolation.BadRequestLine))]
    [InlineData("GET\r\n", nameof(HttpViolation.BadRequestLine))]
    [InlineData("\r\n\r\n\r\n\r\n\r\n", nameof(HttpViolation.BadRequestLine))]
    [InlineData("GET\t/ HTTP/1.1\r\n", nameof(HttpViolation.BadMethod))]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\n\n", nameof(HttpViolation.BareLineFeed))]
    [InlineData("GET / HTTP/1.1\r\nno colon\r\n", nameof(HttpViolation.BadFieldLine))]
    [InlineData("GET / HTTP/1.1\r\n: x\r\n", nameof(HttpViolation.BadFieldName))]
    [InlineData("GET / HTTP/1.1\r\na b: x\r\n", nameof(HttpViolation.BadFieldName))]
    [InlineData("GET / HTTP/1.1\r\n\u00e9: x\r\n", nameof(HttpViolation.BadFieldName))]
    [InlineData("GET / HTTP/1.1\r\nA: \0", nameof(HttpViolation.NulByte))]
    [InlineData("GET / HTTP/1.1\r\nA: x\ry", nameof(HttpViolation.BareCarriageReturn))]
    [InlineData("GET / HTTP/1.1\r\n x\r\n", nameof(HttpViolation.FoldedField))]
    [InlineData("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", nameof(HttpViolation.Http2Preface))]
    [InlineData("GET / HTTP/2.0\r\n", nameof(HttpViolation.UnsupportedVersion))]
    [InlineData("GET / HTTP/3.1\r\n", nameof(HttpViolation.UnsupportedVersion))]
    [InlineData("GET / HTTP/11\r\n", nameof(HttpViolation.BadVersion))]
    [InlineData("GET / http/1.1\r\n", nameof(HttpViolation.BadVersion))]
    [InlineData("GET / \r\n", nameof(HttpViolation.BadVersion))]
    public void A_head_that_can_only_be_refused_is_refused_before_it_ends(string raw, string expected) =>
        Assert.Equal(expected, AnySplit.Request(raw));

    [Theory]
    [InlineData("GET", "a", nameof(HttpViolation.BadTarget))]
    [InlineData("GET", "/a\u007f", nameof(HttpViolation.ControlByte))]
    [InlineData("GET", "/a#b", nameof(HttpViolation.FragmentInTarget))]
    [InlineData("GET", "/a\tb", nameof(HttpViolation.BadTarget))]
    [InlineData("GET", "/a\\b", nameof(HttpViolation.BackslashInPath))]
    [InlineData("GET", "*", nameof(HttpViolation.AsteriskNotOptions))]
    [InlineData("OPTIONS", "**", nameof(HttpViolation.BadTarget))]
    [InlineData("GET", "b:443", nameof(HttpViolation.BadTarget))]
    [InlineData("GET", "://b/", nameof(HttpViolation.BadTarget))]
    [InlineData("GET", "ftp://b/", nameof(HttpViolation.BadScheme))]
    [InlineData("GET", "http:///x", nameof(HttpViolation.BadHost))]
    [InlineData("GET", "http://user@b/", nameof(HttpViolation.BadHost))]
    [InlineData("GET", "http://b:99999/", nameof(HttpViolation.BadHost))]
    [InlineData("CONNECT", "b", nameof(HttpViolation.ConnectNeedsAuthority))]
    [InlineData("CONNECT", "b:", nameof(HttpViolation.ConnectNeedsAuthority))]
    [InlineData("CONNECT", "b:0", nameof(HttpViolation.ConnectNeedsAuthority))]
    [InlineData("CONNECT", "/", nameof(HttpViolation.ConnectNeedsAuthority))]
    [InlineData("CONNECT", "http://b:80/", nameof(HttpViolation.ConnectNeedsAuthority))]
    public void A_target_of_the_wrong_form_is_refused(string method, string target, string expected) =>
        Assert.Equal(expected, AnySplit.Request($"{method} {target} HTTP/1.1\r\nHost: a\r\n\r\n"));

    [Theory]
    [InlineData("/a|b\"{}^`<>", "/a|b\"{}^`<>")] // what browsers and curl leave raw
    [InlineData("/a?b\\c|d?e/../%00", "/a?b\\c|d?e/../%00")] // a query is nobody's path
    [InlineData("/\u00c3\u00a9", "/\u00c3\u00a9")]
    [InlineData("/a%zz%", "/a%zz%")] // the application sees its own bad escapes
    [InlineData("/a%2Fb%2f..%2Fc", "/a%2Fb%2f..%2Fc")]
    [InlineData("//a//b", "//a//b")]
    [InlineData("/a/./b/../c?d", "/a/c?d")]
    [InlineData("/%2e%2E/.%2e/a/%2e", "/a/")]
    [InlineData("/../..", "/")]
    public void A_target_passes_with_its_dot_segments_resolved(string target, string expected) =>
        Assert.StartsWith($"GET(Get) {expected} form=Origin ", AnySplit.Request($"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n"), StringComparison.Ordinal);

    [Theory]
    [InlineData("a b")]
    [InlineData("user@a")]
    [InlineData("a/b")]
    [InlineData("a:b")]
    [InlineData("a:1:2")]
    [InlineData(":80")]
    [InlineData("a:65536")]
    [InlineData("a%2")]
    [InlineData("a%zz")]
    [InlineData("[::1")]
    [InlineData("[::1]80")]
    [InlineData("[1.2.3.4]")]
    [InlineData("[fe80::1%eth0]")]
    [InlineData("[::g]")]
    [InlineData("\u00e9")]
    [InlineData("a\"")]
    [InlineData("a,b\\")]
    [InlineData("http://a")]
    public void A_bad_host_is_refused(string host) =>
        Assert.Equal(nameof(HttpViolation.BadHost), AnySplit.Request($"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"));

    [Theory]
    [InlineData("a_b.example")]
    [InlineData("xn--nxasmq6b")]
    [InlineData("1.2.3.4:8080")]
    [InlineData("[2001:db8::1]")]
    [InlineData("a%20b:1")]
    [InlineData("a:")]
    public void A_good_host_passes(string host) =>
        Assert.StartsWith($"GET(Get) / form=Origin authority={host} ", AnySplit.Request($"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"), StringComparison.Ordinal);

    [Fact]
    public void A_head_cleared_or_exchanged_between_two_calls_is_read_again()
    {
        var raw = AnySplit.Bytes("GET /x HTTP/1.1\r\nHost: a\r\nB: c\r\n\r\n");
        var scanner = default(HeadScanner);
        var head = new RequestHead();
        Assert.Equal(ParseStatus.NeedMore, RequestParser.Parse(raw.AsSpan(0, 27), ref scanner, HttpRules.Default, head, out _, out _));
        head.Clear();
        Assert.Equal(ParseStatus.NeedMore, RequestParser.Parse(raw.AsSpan(0, 29), ref scanner, HttpRules.Default, head, out _, out _));
        var other = new RequestHead();
        Assert.Equal(ParseStatus.Done, RequestParser.Parse(raw, ref scanner, HttpRules.Default, other, out _, out _));
        Assert.Contains("/x form=Origin authority=a", AnySplit.Describe(other), StringComparison.Ordinal);
        Assert.Contains("[B: c]", AnySplit.Describe(other), StringComparison.Ordinal);
    }

    [Fact]
    public void Pipelined_requests_are_read_one_after_the_other_with_the_same_head_and_scanner()
    {
        var raw = AnySplit.Bytes("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n\r\nPOST /2 HTTP/1.1\r\nHost: b\r\nContent-Length: 0\r\n\r\nGET /3 HTTP/1.0\r\n\r\n");
        var scanner = default(HeadScanner);
        var head = new RequestHead();
        var seen = new List<string>();
        for (var rest = raw.AsSpan(); !rest.IsEmpty;)
        {
            Assert.Equal(ParseStatus.Done, RequestParser.Parse(rest, ref scanner, HttpRules.Default, head, out var consumed, out _));
            seen.Add($"{head.Method} {AnySplit.Text(head.Target)} {head.Body} {head.Fields.Count}");
            rest = rest[consumed..];
        }

        Assert.Equal(["Get /1 None 1", "Post /2 Length 2", "Get /3 None 0"], seen);
    }

    [Fact]
    public void No_byte_of_a_head_that_is_still_arriving_is_searched_twice()
    {
        // A byte that was looked at becomes a forbidden one: a second look would refuse it.
        var raw = AnySplit.Bytes("GET /abc HTTP/1.1\r\nHost: a\r\nX: 123456789\r\n\r\n");
        var scanner = default(HeadScanner);
        var head = new RequestHead();
        var status = ParseStatus.NeedMore;
        for (var length = 1; length <= raw.Length; length++)
        {
            status = RequestParser.Parse(raw.AsSpan(0, length), ref scanner, HttpRules.Default, head, out _, out var violation);
            Assert.Equal(HttpViolation.None, violation);
            if (length > 30 && raw[length - 1] is >= (byte)'1' and <= (byte)'9')
            {
                raw[length - 1] = 1;
            }
        }

        Assert.Equal(ParseStatus.Done, status);
    }
}
