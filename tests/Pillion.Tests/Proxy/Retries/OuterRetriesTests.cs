using Pillion.Proxy.Configuration;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Proxy.Retries;

/// <summary>Two layers that both try again must not multiply.</summary>
public sealed class OuterRetriesTests
{
    private const string Get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    private const string Unavailable = "HTTP/1.1 503 No\r\nContent-Length: 2\r\n\r\nno";

    private static readonly RetryConfig Own = new() { On = RetryOn.ServerError, Retries = 2, Announces = true, Yields = true };

    [Fact]
    public void The_next_hop_is_told_which_try_it_sees_and_how_many_may_follow()
    {
        using var proxy = new ProxyFixture(retry: Own);
        proxy.Upstream.Answer = _ => Unavailable;
        proxy.Request(Get);
        proxy.AdvanceSeconds(1);
        Assert.Equal([("1", "2"), ("2", "1"), ("3", "0")], proxy.Upstream.Requests.Select(request => (Field(request, "X-Envoy-Attempt-Count"), Field(request, "X-Pillion-Retries"))));
    }

    [Fact]
    public void What_no_other_layer_could_see_is_not_told_of()
    {
        using var proxy = new ProxyFixture(retry: Own with { On = RetryOn.ConnectFailure | RetryOn.RefusedStream });
        proxy.Upstream.Answer = _ => "HTTP/1.1 204 No\r\n\r\n";
        proxy.Request(Get);
        Assert.DoesNotContain("Attempt", proxy.Upstream.Requests[0], StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("X-Envoy-Attempt-Count: 2", 1, "came as a retry")]
    [InlineData("X-Pillion-Retries: 1", 1, "whoever sent it tries again")]
    [InlineData("X-Envoy-Attempt-Count: 1", 3, null)]
    [InlineData("X-Pillion-Retries: 0", 3, null)]
    [InlineData("X-Envoy-Attempt-Count: 99999999999", 3, null)]
    [InlineData("X-Envoy-Attempt-Count: -5", 3, null)]
    [InlineData("X-Pillion-Retries: many", 3, null)]
    public void Where_the_caller_tries_again_we_do_not(string field, int attempts, string? why)
    {
        using var proxy = new ProxyFixture(retry: Own);
        proxy.Upstream.Answer = _ => Unavailable;
        proxy.Request($"GET / HTTP/1.1\r\nHost: a\r\n{field}\r\n\r\n");
        proxy.AdvanceSeconds(1);
        Assert.Equal(attempts, proxy.Record.AttemptCount);
        Assert.Equal(why is null ? 0 : 1, proxy.ClusterMetrics.RetriesYielded);
        if (why is not null)
        {
            Assert.Contains(why, proxy.Record.Verdicts[0].Outcome);
            Assert.EndsWith(field, proxy.Upstream.Requests[0].Split("\r\n").First(line => line.StartsWith("X-Envoy-Attempt", StringComparison.Ordinal) || line.StartsWith("X-Pillion", StringComparison.Ordinal)));
        }
    }

    [Fact]
    public void What_reached_nobody_is_tried_again_whoever_else_tries_again()
    {
        using var proxy = new ProxyFixture(
            cluster: cluster => cluster with { Endpoints = [ProxyFixture.Endpoint(8079), ProxyFixture.Endpoint(8080)] },
            retry: Own with { On = RetryOn.ConnectFailure | RetryOn.ServerError });
        proxy.Upstream.Answer = _ => "HTTP/1.1 204 No\r\n\r\n";
        for (var i = 0; i < 2; i++)
        {
            var client = proxy.Request("GET / HTTP/1.1\r\nHost: a\r\nX-Pillion-Retries: 1\r\n\r\n");
            proxy.AdvanceSeconds(1);
            Assert.StartsWith("HTTP/1.1 204 ", client.TakeHead());
        }

        Assert.Contains(proxy.Records, record => record.AttemptCount == 2);
    }

    [Theory]
    [InlineData(false, 9)]
    [InlineData(true, 3)]
    public void Two_proxies_in_a_row_that_both_try_again_do_not_multiply(bool yields, int requests)
    {
        using var proxy = TwoInARow(Own with { Announces = yields, Yields = yields });
        proxy.Upstream.Answer = _ => Unavailable;
        var client = proxy.Request(Get);
        proxy.AdvanceSeconds(5);
        Assert.StartsWith("HTTP/1.1 503 ", client.TakeHead());
        Assert.Equal(requests, proxy.Upstream.Requests.Count);
    }

    [Fact]
    public void Two_proxies_in_a_row_still_save_a_request_whose_first_two_tries_fail()
    {
        using var proxy = TwoInARow(Own);
        var answers = new Queue<string>([Unavailable, Unavailable, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"]);
        proxy.Upstream.Answer = _ => answers.Dequeue();
        var client = proxy.Request(Get);
        proxy.AdvanceSeconds(5);
        Assert.StartsWith("HTTP/1.1 200 ", client.TakeHead());
        Assert.Equal(["1", "2", "3"], proxy.Upstream.Requests.Select(request => Field(request, "X-Envoy-Attempt-Count")));
    }

    [Fact]
    public void In_Envoys_way_every_hop_counts_its_own_tries_and_the_answer_says_how_many_there_were()
    {
        using var proxy = new ProxyFixture(
            http: http => http with { Routes = http.Routes with { VirtualHosts = [http.Routes.VirtualHosts[0] with { CountsAttempts = true, TellsAttempts = true }] } },
            retry: new RetryConfig { On = RetryOn.ServerError });
        proxy.Upstream.Answer = _ => Unavailable;
        var client = proxy.Request("GET / HTTP/1.1\r\nHost: a\r\nX-Envoy-Attempt-Count: 5\r\n\r\n");
        proxy.AdvanceSeconds(1);
        Assert.Equal(["1", "2"], proxy.Upstream.Requests.Select(request => Field(request, "X-Envoy-Attempt-Count")));
        Assert.Equal("2", Field(client.TakeHead(), "X-Envoy-Attempt-Count"));
    }

    [Fact]
    public void An_answer_of_our_own_says_how_many_tries_there_were_too()
    {
        using var proxy = new ProxyFixture(retry: new RetryConfig { On = RetryOn.ConnectFailure, TellsClient = true });
        proxy.Upstream.Close();
        var client = proxy.Request(Get);
        proxy.AdvanceSeconds(1);
        Assert.Equal("2", Field(client.TakeHead(), "X-Envoy-Attempt-Count"));
    }

    // The first listener's cluster is the second listener of the same process, which is another hop all the same.
    private static ProxyFixture TwoInARow(RetryConfig retry)
    {
        var proxy = new ProxyFixture(retry: retry);
        var config = proxy.Config;
        var first = config.Listeners[0];
        var http = first.Chains[0].Http!;
        var route = http.Routes.VirtualHosts[0].Routes[0];
        var toSecond = route with { Action = (ForwardConfig)route.Action with { Cluster = "second" } };
        var outer = http with { Routes = http.Routes with { VirtualHosts = [http.Routes.VirtualHosts[0] with { Routes = [toSecond] }] } };
        Assert.Empty(proxy.Reload(config with
        {
            Listeners =
            [
                first with { Chains = [first.Chains[0] with { Http = outer }] },
                first with { Name = "second", Address = new Pillion.Net.Address("127.0.0.1", 15001) },
            ],
            Clusters = [.. config.Clusters, config.Clusters[0] with { Name = "second", Endpoints = [ProxyFixture.Endpoint(15001)] }],
        }));
        return proxy;
    }

    private static string? Field(string head, string name) =>
        head.Split("\r\n").FirstOrDefault(line => line.StartsWith(name + ": ", StringComparison.OrdinalIgnoreCase))?[(name.Length + 2)..];
}
