using Pillion.Proxy.Configuration;
using Pillion.Proxy.Filters.ExternalAuthorization;
using Xunit;

namespace Pillion.Tests.Proxy.Filters.Services;

/// <summary>A service asked by HTTP.</summary>
public sealed class HttpAuthorizationTests
{
    private static readonly HttpAuthorizationConfig Http = new()
    {
        PathPrefix = "/check",
        AllowedHeaders = [ExternalAuthorizationTests.Name("x-")],
        AddedHeaders = [new HeaderValueConfig("x-from", "%REQ(:AUTHORITY)%", HeaderAppend.Set)],
        UpstreamHeaders = [ExternalAuthorizationTests.Name("x-user")],
        ClientHeadersOnSuccess = [ExternalAuthorizationTests.Name("x-seen")],
    };

    private static readonly ExternalAuthorizationConfig Usual = new() { Cluster = "auth", Http = Http };

    [Fact]
    public void It_is_asked_with_the_same_method_and_path_and_200_allows()
    {
        using var fixture = ExternalAuthorizationTests.With(Usual, out var auth);
        auth.Answer = _ => "HTTP/1.1 200 OK\r\nX-User: me\r\nX-Seen: yes\r\nX-Other: no\r\nContent-Length: 2\r\n\r\nok";
        var client = fixture.Request("POST /a?b=c HTTP/1.1\r\nHost: shop\r\nAuthorization: Basic eA==\r\nX-Tenant: one\r\nX-User: root\r\nCookie: c=1\r\nContent-Length: 5\r\n\r\nhello");
        Assert.StartsWith("HTTP/1.1 200 ", client.Received);
        Assert.Contains("X-Seen: yes\r\n", client.Received);
        var asked = auth.Requests[0];
        Assert.StartsWith("POST /check/a?b=c HTTP/1.1\r\n", asked);
        Assert.Contains("Host: shop\r\n", asked);
        Assert.Contains("Authorization: Basic eA==\r\n", asked);
        Assert.Contains("X-Tenant: one\r\n", asked);
        Assert.Contains("x-from: shop\r\n", asked);
        Assert.Contains("Content-Length: 0\r\n", asked);
        Assert.DoesNotContain("Cookie", asked);
        var seen = fixture.Upstream.Requests[0];
        Assert.Contains("X-User: me\r\n", seen);
        Assert.DoesNotContain("root", seen);
        Assert.DoesNotContain("X-Other", seen);
        Assert.EndsWith("hello", seen);
    }

    [Fact]
    public void Anything_else_is_passed_on_as_its_no()
    {
        using var fixture = ExternalAuthorizationTests.With(Usual, out var auth);
        auth.Answer = _ => "HTTP/1.1 401 No\r\nWWW-Authenticate: Basic\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 7\r\n\r\nwho are";
        var client = fixture.Get();
        Assert.StartsWith("HTTP/1.1 401 ", client.Received);
        Assert.Contains("WWW-Authenticate: Basic\r\n", client.Received);
        Assert.Contains("Set-Cookie: a=1\r\n", client.Received);
        Assert.Contains("Set-Cookie: b=2\r\n", client.Received);
        Assert.EndsWith("who are", client.Received);
        Assert.Equal("denied", fixture.Record.Verdicts[0].Outcome);
    }

    [Fact]
    public void The_client_gets_only_the_headers_that_the_file_names()
    {
        using var fixture = ExternalAuthorizationTests.With(Usual with { Http = Http with { ClientHeaders = [ExternalAuthorizationTests.Name("x-reason")] } }, out var auth);
        auth.Answer = _ => "HTTP/1.1 403 No\r\nX-Reason: late\r\nX-Internal: 1\r\nContent-Length: 0\r\n\r\n";
        var client = fixture.Get();
        Assert.Contains("X-Reason: late\r\n", client.Received);
        Assert.DoesNotContain("X-Internal", client.Received);
    }

    [Theory]
    [InlineData("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", "it answered with HTTP status 500")]
    [InlineData("nonsense\r\n\r\n#end", "the connection ended before the answer came")]
    public void Its_own_failure_is_no_yes(string answer, string reason)
    {
        using var fixture = ExternalAuthorizationTests.With(Usual, out var auth);
        auth.Answer = _ => answer;
        var client = fixture.Get();
        Assert.StartsWith("HTTP/1.1 403 ", client.Received);
        Assert.Contains(reason, client.Received);
    }

    [Fact]
    public void The_body_goes_with_the_question_when_asked_for()
    {
        using var fixture = ExternalAuthorizationTests.With(Usual with { MaxBodyBytes = 100 }, out var auth);
        auth.Answer = _ => "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
        var client = fixture.Request("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
        Assert.EndsWith("hello", auth.Requests[0]);
        Assert.EndsWith("hello", fixture.Upstream.Requests[0]);
        Assert.StartsWith("HTTP/1.1 200 ", client.Received);
    }
}
