using System.Globalization;
using System.Text;
using Pillion.Net.Http;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Retries;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Proxy.Retries;

/// <summary>Answers that say when to come again.</summary>
public sealed class RetryAfterTests
{
    private const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    private static readonly RetryConfig Policy = new() { On = RetryOn.StatusCodes, StatusCodes = [503, 429], RateLimitBackOff = RateLimitBackOffConfig.Default };

    [Fact]
    public void The_next_try_waits_as_long_as_the_answer_asks_and_at_most_half_as_much_again()
    {
        using var proxy = new ProxyFixture(retry: Policy);
        var client = proxy.Get();
        proxy.Upstream.Next().Send(Refusal(429, "Retry-After: 2"));
        proxy.AdvanceSeconds(1.98);
        Assert.Equal(1, proxy.ClusterMetrics.RequestsTotal);
        proxy.Upstream.Answer = _ => Ok;
        proxy.AdvanceSeconds(1.1);
        Assert.StartsWith("HTTP/1.1 200 ", client.TakeHead());
        Assert.Equal((1, 0), (proxy.ClusterMetrics.RetriesBackoffRateLimited, proxy.ClusterMetrics.RetriesBackoffExponential));
    }

    [Fact]
    public void An_answer_that_asks_for_more_than_the_timeout_leaves_is_passed_on_at_once()
    {
        using var proxy = new ProxyFixture(retry: Policy);
        var client = proxy.Get();
        proxy.Upstream.Next().Send(Refusal(503, "Retry-After: 20"));
        var head = client.TakeHead();
        Assert.StartsWith("HTTP/1.1 503 ", head);
        Assert.Contains("Retry-After: 20", head);
        Assert.Contains("longer wait than the route's timeout leaves", proxy.Record.Verdicts[0].Outcome);
    }

    [Fact]
    public void A_wait_that_just_fits_is_made_though_there_is_no_time_to_spread_it()
    {
        using var proxy = new ProxyFixture(retry: Policy);
        var client = proxy.Get();
        proxy.Upstream.Next().Send(Refusal(503, "Retry-After: 14"));
        proxy.Upstream.Answer = _ => Ok;
        proxy.AdvanceSeconds(15);
        Assert.StartsWith("HTTP/1.1 200 ", client.TakeHead());
    }

    [Theory]
    [InlineData(false, 503)]
    [InlineData(true, 200)]
    public void A_wait_above_the_longest_is_not_made_or_in_an_Envoy_file_not_looked_at(bool ignoresLonger, int status)
    {
        using var proxy = new ProxyFixture(
            forward: forward => forward with { Timeout = TimeSpan.Zero },
            retry: Policy with { RateLimitBackOff = new() { IgnoresLonger = ignoresLonger } });
        var client = proxy.Get();
        proxy.Upstream.Next().Send(Refusal(503, "Retry-After: 301"));
        proxy.Upstream.Answer = _ => Ok;
        proxy.Upstream.Connections[0].Arrived?.Invoke(proxy.Upstream.Connections[0]);
        proxy.AdvanceSeconds(1);
        Assert.StartsWith($"HTTP/1.1 {status} ", client.TakeHead());
    }

    [Fact]
    public void A_client_that_leaves_during_the_wait_gives_back_the_place_in_the_budget()
    {
        using var proxy = new ProxyFixture(retry: Policy);
        var client = proxy.Get();
        proxy.Upstream.Next().Send(Refusal(503, "Retry-After: 5"));
        proxy.AdvanceSeconds(1);
        client.Reset();
        proxy.AdvanceSeconds(1);
        Assert.Equal(0, proxy.HttpMetrics.RequestsActive);
    }

    [Theory]
    [InlineData("2", "Any", 2.0)]
    [InlineData("0", "Any", 0.0)]
    [InlineData("2000000060", "Any", 60.0)]
    [InlineData("2000000060", "UnixTime", 60.0)]
    [InlineData("60", "UnixTime", 0.0)]
    [InlineData("2000000060", "Seconds", 2000000060.0)]
    [InlineData("Wed, 18 May 2033 03:34:20 GMT", "Any", 60.0)]
    [InlineData("Wed, 18 May 2033 03:34:20 GMT", "Seconds", null)]
    [InlineData("-1", "Any", null)]
    [InlineData("1.5", "Any", null)]
    [InlineData("soon", "Any", null)]
    [InlineData("", "Any", null)]
    [InlineData("9223372036854775807", "Seconds", double.MaxValue)]
    public void A_reset_is_read_as_seconds_a_date_or_a_Unix_time(string value, string format, double? expected)
    {
        var now = DateTimeOffset.FromUnixTimeSeconds(2_000_000_000).UtcTicks;
        var fields = new FieldList();
        fields.Add("X-Reset"u8, Encoding.ASCII.GetBytes(value));
        var reset = new RateLimitReset(new RateLimitBackOffConfig { Headers = [new("X-Reset", Enum.Parse<ResetFormat>(format))] });
        var wait = reset.Read(fields, now)?.TotalSeconds;
        Assert.Equal(expected == double.MaxValue ? TimeSpan.MaxValue.TotalSeconds : expected, wait);
    }

    [Fact]
    public void Waits_are_never_shorter_than_asked_and_spread_over_half_as_much_again()
    {
        var random = new Random(1);
        var waits = Enumerable.Range(0, 1000).Select(_ => BackOff.AsTold(TimeSpan.FromSeconds(10), random).TotalSeconds).ToList();
        Assert.InRange(waits.Min(), 10, 10.1);
        Assert.InRange(waits.Max(), 14.9, 15);
    }

    private static string Refusal(int status, string field) => string.Create(CultureInfo.InvariantCulture, $"HTTP/1.1 {status} No\r\n{field}\r\nContent-Length: 2\r\n\r\nno");
}
