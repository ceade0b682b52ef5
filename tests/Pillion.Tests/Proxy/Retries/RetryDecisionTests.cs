using System.Text;
using Pillion.Core.Resilience;
using Pillion.Net.Http;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Retries;
using Xunit;
using HttpMethod = Pillion.Net.Http.HttpMethod;

namespace Pillion.Tests.Proxy.Retries;

/// <summary>The decision as a table: kind of failure, what was sent, method, policy.</summary>
public sealed class RetryDecisionTests
{
    private const RetryOn Every = (RetryOn)127;

    private static readonly RequestHead Get = Head(HttpMethod.Get, "GET");
    private static readonly RequestHead Post = Head(HttpMethod.Post, "POST");

    [Fact]
    public void A_connection_that_was_never_made_may_be_tried_again_whatever_the_method()
    {
        foreach (var kind in (FailureKind[])[FailureKind.ConnectRefused, FailureKind.ConnectTimeout, FailureKind.ConnectFailed])
        {
            var failure = new Failure(FailureSide.Upstream, kind);
            foreach (var on in (RetryOn[])[RetryOn.ConnectFailure, RetryOn.ServerError, RetryOn.GatewayError, RetryOn.Reset])
            {
                Assert.True(May(failure, Get, on));
                Assert.True(May(failure, Post, on));
            }

            Assert.False(May(failure, Get, RetryOn.StatusCodes | RetryOn.RefusedStream | RetryOn.Retriable4xx));
            Assert.False(RetryDecision.MayRetry(failure, Get, null));
        }
    }

    [Fact]
    public void A_pooled_connection_that_had_died_needs_no_policy_where_nothing_is_done_twice()
    {
        var reused = new Failure(FailureSide.Upstream, FailureKind.ConnectionTerminated, SentAnything: true, Reused: true);
        Assert.True(RetryDecision.MayRetry(reused, Get, null));
        Assert.False(RetryDecision.MayRetry(reused, Post, null));
        Assert.True(RetryDecision.MayRetry(reused with { SentAnything = false }, Post, null));
        Assert.False(RetryDecision.MayRetry(reused with { ReceivedAnything = true }, Get, null));
        Assert.False(RetryDecision.MayRetry(reused with { Reused = false }, Get, null));
        Assert.False(May(reused, Post, Every));
        Assert.True(May(reused, Post, Every, unsafeMethods: true));
    }

    [Fact]
    public void A_lost_answer_is_tried_again_where_the_policy_and_the_method_allow_it()
    {
        foreach (var kind in (FailureKind[])[FailureKind.ConnectionTerminated, FailureKind.ProtocolError, FailureKind.PerTryTimeout])
        {
            var failure = new Failure(FailureSide.Upstream, kind, SentAnything: true);
            foreach (var on in (RetryOn[])[RetryOn.Reset, RetryOn.ServerError, RetryOn.GatewayError])
            {
                Assert.True(May(failure, Get, on));
                Assert.False(May(failure, Post, on));
                Assert.True(May(failure, Post, on, unsafeMethods: true));
                Assert.True(May(failure with { SentAnything = false }, Post, on));
            }

            Assert.False(May(failure, Get, RetryOn.ConnectFailure | RetryOn.StatusCodes));
            Assert.False(RetryDecision.MayRetry(failure, Get, null));
        }
    }

    [Fact]
    public void What_the_client_or_we_ourselves_did_is_never_tried_again()
    {
        foreach (var kind in Enum.GetValues<FailureKind>())
        {
            Assert.False(May(new Failure(FailureSide.Downstream, kind), Get, Every, unsafeMethods: true));
            Assert.False(May(new Failure(FailureSide.Local, kind), Get, Every, unsafeMethods: true));
        }
    }

    [Theory]
    [InlineData("RouteTimeout")]
    [InlineData("IdleTimeout")]
    [InlineData("NoEndpoint")]
    [InlineData("NameNotResolved")]
    [InlineData("Overflow")]
    public void What_another_try_cannot_mend_is_never_tried_again(string kind) =>
        Assert.False(May(new Failure(FailureSide.Upstream, Enum.Parse<FailureKind>(kind)), Get, Every, unsafeMethods: true));

    [Fact]
    public void A_refused_stream_was_not_worked_on_and_may_be_sent_again_whatever_it_is()
    {
        var failure = new Failure(FailureSide.Upstream, FailureKind.RefusedStream, SentAnything: true);
        Assert.True(May(failure, Post, RetryOn.RefusedStream));
        Assert.True(May(failure, Post, RetryOn.ConnectFailure));
    }

    [Theory]
    [InlineData(500, 1, true)]
    [InlineData(599, 1, true)]
    [InlineData(499, 1, false)]
    [InlineData(500, 2, false)]
    [InlineData(502, 2, true)]
    [InlineData(503, 2, true)]
    [InlineData(504, 2, true)]
    [InlineData(505, 2, false)]
    [InlineData(409, 64, true)]
    [InlineData(404, 64, false)]
    [InlineData(429, 16, true)]
    [InlineData(503, 16, false)]
    [InlineData(503, 8, false)]
    public void An_answer_is_tried_again_by_its_status(int status, int on, bool expected)
    {
        var policy = new RetryConfig { On = (RetryOn)on, StatusCodes = [429] };
        var answer = new ResponseHead { Status = status };
        Assert.Equal(expected, RetryDecision.MayRetry(answer, Get, new RetryPolicy(policy)));
        Assert.False(RetryDecision.MayRetry(answer, Post, new RetryPolicy(policy)));
        Assert.Equal(expected, RetryDecision.MayRetry(answer, Post, new RetryPolicy(policy with { UnsafeMethods = true })));
        Assert.False(RetryDecision.MayRetry(answer, Get, null));
    }

    [Fact]
    public void Waiting_grows_with_the_tries_and_stays_below_its_bound()
    {
        var policy = new RetryConfig();
        var random = new Random(1);
        for (var retry = 1; retry <= 60; retry++)
        {
            var bound = Math.Min(250, 25 * ((1L << Math.Min(retry, 20)) - 1));
            var waits = Enumerable.Range(0, 200).Select(_ => BackOff.Next(policy, retry, random).TotalMilliseconds).ToList();
            Assert.All(waits, wait => Assert.InRange(wait, 0, bound));
            Assert.True(waits.Max() > bound * 0.8);
        }
    }

    [Fact]
    public void The_budget_is_a_share_of_the_active_requests_and_at_least_its_minimum()
    {
        var budget = new RetryBudget(20, 3);
        Assert.Equal([true, true, true, false], Enumerable.Range(0, 4).Select(_ => budget.TryBeginRetry()));
        for (var i = 0; i < 25; i++)
        {
            budget.RequestBegins();
        }

        Assert.Equal([true, true, false], Enumerable.Range(0, 3).Select(_ => budget.TryBeginRetry()));
        budget.RetryEnds();
        Assert.True(budget.TryBeginRetry());
        Assert.Equal((25, 5), (budget.ActiveRequests, budget.ActiveRetries));
    }

    private static bool May(Failure failure, RequestHead request, RetryOn on, bool unsafeMethods = false) =>
        RetryDecision.MayRetry(failure, request, new RetryPolicy(new RetryConfig { On = on, UnsafeMethods = unsafeMethods }));

    private static RequestHead Head(HttpMethod method, string name)
    {
        var head = new RequestHead();
        head.SetMethod(method, Encoding.ASCII.GetBytes(name));
        return head;
    }
}
