using Pillion.Core.Resilience;
using Pillion.Core.Signals;
using Pillion.Proxy.Configuration;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Proxy.Retries;

/// <summary>What a request or an answer must be like to be tried again.</summary>
public sealed class RetryConditionTests
{
    private const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    [Theory]
    [InlineData("X-Again: yes", 2)]
    [InlineData("X-Again: no", 1)]
    [InlineData("X-Other: yes", 1)]
    public void An_answer_is_tried_again_by_a_header(string field, int attempts)
    {
        using var proxy = new ProxyFixture(retry: new RetryConfig
        {
            On = RetryOn.Headers, OnHeaders = [new() { Name = "x-again", Kind = ValueMatchKind.Exact, Value = "yes" }],
        });
        var answers = new Queue<string>([$"HTTP/1.1 200 OK\r\n{field}\r\nContent-Length: 2\r\n\r\nno", Ok]);
        proxy.Upstream.Answer = _ => answers.Dequeue();
        var client = proxy.Get();
        proxy.AdvanceSeconds(1);
        client.TakeHead();
        Assert.Equal(attempts == 2 ? "ok" : "no", client.Take());
        Assert.Equal(attempts, proxy.Record.AttemptCount);
    }

    [Theory]
    [InlineData((int)RetryOn.ServerError, 1)]
    [InlineData((int)RetryOn.RateLimited, 2)]
    [InlineData((int)(RetryOn.ServerError | RetryOn.RateLimited), 2)]
    public void What_a_rate_limit_refused_is_tried_again_only_where_just_that_is_named(int on, int attempts)
    {
        using var proxy = new ProxyFixture(retry: new RetryConfig { On = (RetryOn)on });
        var answers = new Queue<string>(["HTTP/1.1 503 No\r\nX-Envoy-RateLimited: true\r\nContent-Length: 2\r\n\r\nno", Ok]);
        proxy.Upstream.Answer = _ => answers.Dequeue();
        var client = proxy.Get();
        proxy.AdvanceSeconds(1);
        Assert.StartsWith(attempts == 2 ? "HTTP/1.1 200 " : "HTTP/1.1 503 ", client.TakeHead());
        Assert.Equal(attempts, proxy.Record.AttemptCount);
    }

    [Theory]
    [InlineData("X-Tenant: a", 2)]
    [InlineData("X-Tenant: b", 1)]
    public void Only_requests_with_the_header_that_the_policy_is_for_are_tried_again(string field, int attempts)
    {
        using var proxy = new ProxyFixture(retry: new RetryConfig
        {
            On = RetryOn.ServerError, OnlyIfHeaders = [new() { Name = "x-tenant", Kind = ValueMatchKind.Exact, Value = "a" }],
        });
        var answers = new Queue<string>(["HTTP/1.1 503 No\r\nContent-Length: 2\r\n\r\nno", Ok]);
        proxy.Upstream.Answer = _ => answers.Dequeue();
        proxy.Request($"GET / HTTP/1.1\r\nHost: a\r\n{field}\r\n\r\n");
        proxy.AdvanceSeconds(1);
        Assert.Equal(attempts, proxy.Record.AttemptCount);
    }

    [Theory]
    [InlineData("Idempotency-Key", "Idempotency-Key: 7", 2)]
    [InlineData("Idempotency-Key", "idempotency-key: 7", 2)]
    [InlineData("Idempotency-Key", "Idempotency-Key: ", 1)]
    [InlineData("Idempotency-Key", "X-Request-Key: 7", 1)]
    [InlineData("X-Request-Key", "X-Request-Key: 7", 2)]
    [InlineData(null, "Idempotency-Key: 7", 1)]
    public void A_POST_with_a_key_is_tried_again_like_what_is_idempotent_where_keys_count(string? key, string field, int attempts)
    {
        using var proxy = new ProxyFixture(retry: new RetryConfig { On = RetryOn.ServerError, IdempotencyKey = key });
        var answers = new Queue<string>(["HTTP/1.1 503 No\r\nContent-Length: 2\r\n\r\nno", Ok]);
        proxy.Upstream.Answer = _ => answers.Dequeue();
        proxy.Request($"POST / HTTP/1.1\r\nHost: a\r\n{field}\r\nContent-Length: 5\r\n\r\nhello");
        proxy.AdvanceSeconds(1);
        Assert.Equal(attempts, proxy.Record.AttemptCount);
        Assert.All(proxy.Upstream.Requests, request => Assert.EndsWith("hello", request));
    }

    [Fact]
    public void A_try_in_which_nothing_moves_ends_by_its_idle_timeout_and_another_follows()
    {
        using var proxy = new ProxyFixture(retry: new RetryConfig { On = RetryOn.Reset, PerTryIdleTimeout = TimeSpan.FromSeconds(1) });
        var client = proxy.Get();
        var first = proxy.Upstream.Next();
        proxy.AdvanceSeconds(1.3);
        Assert.True(first.IsOver);
        proxy.Upstream.Next().Send(Ok);
        Assert.StartsWith("HTTP/1.1 200 ", client.TakeHead());
        Assert.Equal((FailureKind.PerTryTimeout, 1), (proxy.Record.Attempts[0].Failure.Kind, proxy.ClusterMetrics.PerTryIdleTimeouts));
    }

    [Fact]
    public void A_try_that_goes_on_moving_may_take_as_long_as_it_likes_and_one_that_rests_within_its_answer_is_cut_short()
    {
        using var proxy = new ProxyFixture(
            forward: forward => forward with { Timeout = TimeSpan.Zero },
            retry: new RetryConfig { On = RetryOn.Reset, PerTryIdleTimeout = TimeSpan.FromSeconds(1) });
        var client = proxy.Get();
        var upstream = proxy.Upstream.Next();
        upstream.Send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n");
        for (var i = 0; i < 5; i++)
        {
            proxy.AdvanceSeconds(0.8);
            upstream.Send("x");
        }

        Assert.EndsWith("xxxxx", client.Take());
        proxy.AdvanceSeconds(1.2);
        Assert.True(client.IsOver);
        Assert.Equal((ResponseFlags.UT, 1), (proxy.Record.Flags, proxy.Record.AttemptCount));
    }
}
