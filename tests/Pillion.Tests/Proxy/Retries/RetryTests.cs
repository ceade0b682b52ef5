using Pillion.Core.Resilience;
using Pillion.Core.Signals;
using Pillion.Proxy.Configuration;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Proxy.Retries;

/// <summary>Retries as a client and the upstreams see them.</summary>
public sealed class RetryTests
{
    private const string Get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    private const string Post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello";
    private const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    private const string Unavailable = "HTTP/1.1 503 No\r\nContent-Length: 2\r\n\r\nno";

    [Fact]
    public void A_refused_connection_is_retried_on_another_endpoint()
    {
        using var proxy = new ProxyFixture(
            cluster: cluster => cluster with { Endpoints = [ProxyFixture.Endpoint(8080), ProxyFixture.Endpoint(8081)] },
            retry: new RetryConfig { On = RetryOn.ConnectFailure });
        proxy.Upstream.Close();
        proxy.Listen(8081).Answer = _ => "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok#end";
        var attempts = 0;
        for (var i = 0; i < 4; i++)
        {
            var client = proxy.Request(Post);
            proxy.AdvanceSeconds(1);
            Assert.StartsWith("HTTP/1.1 200 ", client.TakeHead());
            attempts += proxy.Record.AttemptCount;
            Assert.Equal("127.0.0.1:8081", proxy.Record.UpstreamHost);
            Assert.Equal(ResponseFlags.None, proxy.Record.Flags);
        }

        Assert.True(attempts > 4);
    }

    [Fact]
    public void A_refused_connection_without_a_policy_is_a_503()
    {
        using var proxy = new ProxyFixture();
        proxy.Upstream.Close();
        var client = proxy.Request(Get);
        Assert.StartsWith("HTTP/1.1 503 ", client.TakeHead());
        Assert.Equal((ResponseFlags.UF, FailureKind.ConnectRefused, 1), (proxy.Record.Flags, proxy.Record.Failure.Kind, proxy.Record.AttemptCount));
    }

    [Fact]
    public void A_GET_on_a_pooled_connection_that_had_died_is_sent_again_without_being_asked()
    {
        using var proxy = new ProxyFixture();
        var client = Served(proxy, out var old);
        client.Send(Get);
        old.Reset();
        proxy.Upstream.Next().Send(Ok);
        Assert.StartsWith("HTTP/1.1 200 ", client.TakeHead());
        var attempts = proxy.Record.Attempts;
        Assert.Equal((2, true, false, 200), (attempts.Length, attempts[0].Reused, attempts[1].Reused, attempts[1].Status));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_POST_on_a_pooled_connection_that_had_died_is_never_sent_again_unasked(bool withPolicy)
    {
        using var proxy = new ProxyFixture(retry: withPolicy ? new RetryConfig { On = (RetryOn)127, Retries = 3 } : null);
        var client = Served(proxy, out var old);
        client.Send(Post);
        Assert.EndsWith("hello", old.Take());
        old.Reset();
        proxy.AdvanceSeconds(1);
        Assert.StartsWith("HTTP/1.1 503 ", client.TakeHead());
        Assert.Equal(0, proxy.Upstream.Waiting);
        Assert.Equal(ResponseFlags.UC, proxy.Record.Flags);
    }

    [Fact]
    public void An_answer_that_had_begun_is_not_asked_for_again()
    {
        using var proxy = new ProxyFixture();
        var client = Served(proxy, out var old);
        client.Send(Get);
        old.Send("HTTP/1.1 2").Reset();
        Assert.StartsWith("HTTP/1.1 503 ", client.TakeHead());
        Assert.Equal(0, proxy.Upstream.Waiting);
    }

    [Fact]
    public void A_new_connection_that_breaks_is_not_retried_unasked()
    {
        using var proxy = new ProxyFixture();
        var client = proxy.Request(Get);
        proxy.Upstream.Next().Reset();
        Assert.StartsWith("HTTP/1.1 503 ", client.TakeHead());
        Assert.Equal(0, proxy.Upstream.Waiting);
    }

    [Fact]
    public void A_body_is_sent_again_from_its_first_byte()
    {
        using var proxy = new ProxyFixture(retry: new RetryConfig { On = RetryOn.Reset, UnsafeMethods = true });
        var client = proxy.Request(Post);
        var first = proxy.Upstream.Next();
        Assert.EndsWith("\r\n\r\nhello", first.Take());
        first.Reset();
        proxy.AdvanceSeconds(1);
        var second = proxy.Upstream.Next();
        Assert.EndsWith("\r\n\r\nhello", second.Take());
        second.Send(Ok);
        Assert.StartsWith("HTTP/1.1 200 ", client.TakeHead());
        Assert.Equal(5, proxy.Record.BytesReceived);
    }

    [Theory]
    [InlineData("Content-Length: 6\r\n\r\nabc", "def", "abcdef")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", "3\r\ndef\r\n0\r\n\r\n", "3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n")]
    public void A_body_that_is_still_coming_goes_on_in_the_next_try(string first, string rest, string whole)
    {
        using var proxy = new ProxyFixture(retry: new RetryConfig { On = RetryOn.Reset, UnsafeMethods = true });
        var client = proxy.Request("POST / HTTP/1.1\r\nHost: a\r\n" + first);
        proxy.Upstream.Next().Reset();
        proxy.AdvanceSeconds(1);
        var upstream = proxy.Upstream.Next();
        client.Send(rest);
        upstream.TakeHead();
        Assert.Equal(whole, upstream.Take());
        upstream.Send(Ok);
        Assert.StartsWith("HTTP/1.1 200 ", client.TakeHead());
    }

    [Fact]
    public void A_body_larger_than_what_is_kept_is_not_sent_again_and_the_record_says_so()
    {
        using var proxy = new ProxyFixture(retry: new RetryConfig { On = RetryOn.Reset, UnsafeMethods = true, MaxBodyBytes = 4 });
        var client = proxy.Request(Post);
        proxy.Upstream.Next().Reset();
        Assert.StartsWith("HTTP/1.1 503 ", client.TakeHead());
        Assert.Contains("larger", proxy.Record.Verdicts[0].Outcome);
        Assert.Equal(0, proxy.Upstream.Waiting);
    }

    [Fact]
    public void A_503_is_retried_and_the_client_sees_only_the_second_answer()
    {
        using var proxy = new ProxyFixture(retry: new RetryConfig { On = RetryOn.GatewayError });
        var answers = new Queue<string>([Unavailable, Ok]);
        proxy.Upstream.Answer = _ => answers.Dequeue();
        var client = proxy.Request(Get);
        proxy.AdvanceSeconds(1);
        Assert.StartsWith("HTTP/1.1 200 ", client.TakeHead());
        Assert.Equal("ok", client.Take());
        Assert.Equal((2, 503), (proxy.Record.AttemptCount, proxy.Record.Attempts[0].Status));
        Assert.Equal(1, proxy.ClusterMetrics.RetriesSucceeded);
        Assert.Equal(ResponseFlags.None, proxy.Record.Flags);
    }

    [Fact]
    public void The_last_503_is_the_answer_and_says_that_the_tries_are_used_up()
    {
        using var proxy = new ProxyFixture(retry: new RetryConfig { On = RetryOn.ServerError, Retries = 2 });
        proxy.Upstream.Answer = _ => Unavailable;
        var client = proxy.Request(Get);
        proxy.AdvanceSeconds(2);
        Assert.StartsWith("HTTP/1.1 503 ", client.TakeHead());
        Assert.Equal("no", client.Take());
        Assert.Equal((ResponseFlags.URX, 3), (proxy.Record.Flags, proxy.Record.AttemptCount));
        Assert.False(proxy.Record.AnsweredLocally);
    }

    [Fact]
    public void Retries_that_fail_do_not_use_up_the_budget_for_ever()
    {
        using var proxy = new ProxyFixture(retry: new RetryConfig { On = RetryOn.ServerError });
        proxy.Upstream.Close();
        for (var i = 0; i < 10; i++)
        {
            var client = proxy.Request(Get);
            proxy.AdvanceSeconds(1);
            Assert.StartsWith("HTTP/1.1 503 ", client.TakeHead());
            Assert.Equal(2, proxy.Record.AttemptCount);
        }

        Assert.Equal(0, proxy.ClusterMetrics.RetriesOverflow);
    }

    [Fact]
    public void No_more_than_the_budget_is_retried_at_once()
    {
        using var proxy = new ProxyFixture(retry: new RetryConfig { On = RetryOn.ServerError });
        var clients = Enumerable.Range(0, 10).Select(_ => proxy.Request(Get)).ToList();
        for (var i = 0; i < 10; i++)
        {
            proxy.Upstream.Next().Send(Unavailable);
        }

        Assert.Equal(7, clients.Count(client => client.Take().Contains(" 503 ", StringComparison.Ordinal)));
        Assert.All(proxy.Records, record => Assert.Equal(ResponseFlags.UO, record.Flags));
        Assert.Equal(7, proxy.ClusterMetrics.RetriesOverflow);
        proxy.Upstream.Answer = _ => Ok;
        proxy.AdvanceSeconds(1);
        Assert.Equal(3, clients.Count(client => client.Take().Contains(" 200 ", StringComparison.Ordinal)));
    }

    private static RawPeer Served(ProxyFixture proxy, out RawPeer upstream)
    {
        var client = proxy.Request(Get);
        upstream = proxy.Upstream.Next();
        upstream.Send(Ok);
        client.Take();
        upstream.Take();
        return client;
    }
}
