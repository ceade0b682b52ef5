using System.Globalization;
using Pillion.Proxy.Configuration;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Proxy.Retries;

/// <summary>What retries do to an upstream and to its callers; the pictures in docs/policies show these figures.</summary>
public sealed class RetryEffectTests
{
    private const string Get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    private const string Unavailable = "HTTP/1.1 503 No\r\nContent-Length: 2\r\n\r\nno";

    /// <summary>So many requests at once meet an upstream that answers each of them with 503 after 100 ms.</summary>
    [Theory]
    [InlineData(10, 100, 30)]
    [InlineData(50, 100, 150)]
    [InlineData(100, 100, 300)]
    [InlineData(10, 20, 16)]
    [InlineData(50, 20, 70)]
    [InlineData(100, 20, 140)]
    public void The_budget_bounds_what_a_failing_upstream_gets_on_top(int callers, double budget, int most)
    {
        using var proxy = new ProxyFixture(
            cluster: cluster => cluster with { RetryBudgetPercent = budget },
            retry: new RetryConfig { On = RetryOn.ServerError, Retries = 2 });
        var clients = Enumerable.Range(0, callers).Select(_ => proxy.Request(Get)).ToList();
        var answered = 0;
        for (var step = 0; step < 20; step++)
        {
            proxy.AdvanceSeconds(0.1);
            var waiting = proxy.Upstream.Connections.Where(peer => peer.Received.Contains("\r\n\r\n", StringComparison.Ordinal)).ToList();
            foreach (var peer in waiting)
            {
                peer.Take();
                peer.Send(Unavailable);
                answered++;
            }
        }

        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{callers} callers, budget {budget} %: {answered} requests"));
        Assert.All(clients, client => Assert.StartsWith("HTTP/1.1 503 ", client.TakeHead()));
        Assert.InRange(answered, callers, most);
    }

    /// <summary>One answer in twenty takes a second, the others 10 ms.</summary>
    [Theory]
    [InlineData(false, 1000)]
    [InlineData(true, 80)]
    public void Hedging_takes_the_tail_away_for_a_few_requests_more(bool hedges, int slowestMillis)
    {
        using var proxy = new ProxyFixture(
            cluster: cluster => cluster with { Endpoints = [ProxyFixture.Endpoint(8081), ProxyFixture.Endpoint(8080)] },
            retry: hedges ? new RetryConfig { On = RetryOn.ServerError, PerTryTimeout = TimeSpan.FromMilliseconds(50), Hedge = true } : null);
        var other = proxy.Listen(8081);
        var asked = 0;
        var millis = new List<long>();
        for (var i = 0; i < 200; i++)
        {
            var client = proxy.Request(Get);
            var due = new Dictionary<RawPeer, long>();
            for (var now = 0L; client.Received.Length == 0; now += 10)
            {
                foreach (var peer in proxy.Upstream.Connections.Concat(other.Connections).Where(peer => peer.Received.Length > 0).ToList())
                {
                    peer.Take();
                    due[peer] = now + (asked++ % 20 == 7 ? 1000 : 10);
                }

                proxy.Advance(TimeSpan.FromMilliseconds(10));
                foreach (var peer in due.Where(pair => pair.Value <= now + 10).Select(pair => pair.Key).ToList())
                {
                    due.Remove(peer);
                    if (!peer.IsOver)
                    {
                        peer.Send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
                    }
                }
            }

            millis.Add(proxy.Record.DurationMicros / 1000);
            client.Close();
        }

        millis.Sort();
        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"hedge {hedges}: p50 {millis[100]} ms, p95 {millis[190]} ms, p99 {millis[198]} ms, slowest {millis[^1]} ms; {proxy.ClusterMetrics.RequestsTotal} requests for 200"));
        Assert.InRange(millis[^1], 0, slowestMillis);
        Assert.InRange(proxy.ClusterMetrics.RequestsTotal, 200, hedges ? 215 : 200);
    }
}
