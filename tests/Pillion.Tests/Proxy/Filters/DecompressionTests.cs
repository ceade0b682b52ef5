using Pillion.Core.Configuration;
using Pillion.Core.Resilience;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Filters.Compression;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Proxy.Filters;

public sealed class DecompressionTests
{
    private const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

    private static readonly SourceLine Line = new("p.yaml", 7, 3, "inbound.decompress");
    private static readonly string Text = string.Concat(Enumerable.Range(0, 400).Select(i => $"line {i} of the request\n"));

    [Theory]
    [InlineData("gzip", 0)]
    [InlineData("br", 0)]
    [InlineData("gzip", 1)]
    [InlineData("br", 7)]
    public void A_request_is_unpacked_for_its_upstream(string coding, int bytesPerReceive)
    {
        using var fixture = With(new() { Requests = true }, bytesPerReceive);
        Assert.StartsWith("HTTP/1.1 200 ", Post(fixture, coding, Pack(coding, Text)).Received);
        var request = fixture.Upstream.Requests[0];
        Assert.DoesNotContain("Content-Encoding", request, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(Text, Packed.Dechunk(request[(request.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..]));
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("br")]
    public void A_bomb_is_refused_with_the_line_that_sets_the_bound(string coding)
    {
        using var fixture = With(new() { Requests = true, MaxBytes = 1 << 20, MaxRatio = 100_000, Source = Line });
        var bomb = Pack(coding, new string('0', 4 << 20));
        Assert.True(bomb.Length < 8192);
        var client = Post(fixture, coding, bomb);
        Assert.StartsWith("HTTP/1.1 413 ", client.Received);
        Assert.Contains("its body unpacks to more than 1MiB", client.Received);
        Assert.Contains("p.yaml:7", client.Received);
        Assert.Empty(fixture.Upstream.Requests);
    }

    [Fact]
    public void So_is_one_by_its_ratio()
    {
        using var fixture = With(new() { Requests = true });
        Assert.StartsWith("HTTP/1.1 413 ", Post(fixture, "gzip", Packed.Gzip(new string('0', 1 << 20))).Received);
        Assert.Equal(FailureKind.RequestTooLarge, fixture.Record.Failure.Kind);
    }

    [Theory]
    [InlineData("gzip", "no gzip at all")]
    [InlineData("br", "no brotli at all")]
    [InlineData("gzip", null)]
    [InlineData("br", null)]
    public void What_is_no_such_coding_or_ends_in_the_middle_is_a_bad_request(string coding, string? body)
    {
        using var fixture = With(new() { Requests = true });
        var client = Post(fixture, coding, body ?? Pack(coding, Text)[..^6]);
        Assert.StartsWith("HTTP/1.1 400 ", client.Received);
        Assert.Empty(fixture.Upstream.Requests);
    }

    [Fact]
    public void An_unpacked_request_is_sent_again_whole()
    {
        using var fixture = new ProxyFixture(
            route: route => route with { Filters = [new DecompressionConfig { Requests = true }] },
            retry: new() { On = RetryOn.Reset | RetryOn.ConnectFailure });
        var first = true;
        fixture.Upstream.Answer = _ =>
        {
            (var was, first) = (first, false);
            return was ? "#end" : Ok;
        };
        var client = Post(fixture, "gzip", Packed.Gzip(Text));
        fixture.Advance(TimeSpan.FromMilliseconds(500));
        Assert.StartsWith("HTTP/1.1 200 ", client.Received);
        Assert.Equal(2, fixture.Upstream.Requests.Count);
        Assert.All(fixture.Upstream.Requests, request => Assert.Equal(Text, Packed.Dechunk(request[(request.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..])));
    }

    [Theory]
    [InlineData("identity", true)]
    [InlineData("gzip", false)]
    public void An_answer_is_unpacked_for_a_client_that_does_not_take_the_coding(string accepts, bool isUnpacked)
    {
        using var fixture = With(new() { Answers = true });
        var packed = Packed.Gzip(Text);
        fixture.Upstream.Answer = _ => $"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {packed.Length}\r\n\r\n{packed}";
        var client = fixture.Request($"GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: {accepts}\r\n\r\n");
        Assert.Equal(!isUnpacked, client.TakeHead().Contains("Content-Encoding", StringComparison.OrdinalIgnoreCase));
        Assert.Equal(isUnpacked ? Text : packed, isUnpacked ? Packed.Dechunk(client.Received) : client.Received);
    }

    [Fact]
    public void An_answer_that_is_a_bomb_is_cut_off()
    {
        using var fixture = With(new() { Answers = true });
        var packed = Packed.Gzip(new string('0', 1 << 20));
        fixture.Upstream.Answer = _ => $"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {packed.Length}\r\n\r\n{packed}";
        var client = fixture.Get();
        Assert.True(client.IsReset);
        Assert.Equal(FailureKind.ResponseTooLarge, fixture.Record.Failure.Kind);
    }

    private static string Pack(string coding, string text) => coding == "br" ? Packed.Brotli(text) : Packed.Gzip(text);

    private static RawPeer Post(ProxyFixture fixture, string coding, string body) =>
        fixture.Request($"PUT / HTTP/1.1\r\nHost: a\r\nContent-Encoding: {coding}\r\nContent-Length: {body.Length}\r\n\r\n{body}");

    private static ProxyFixture With(DecompressionConfig config, int bytesPerReceive = 0)
    {
        var fixture = new ProxyFixture(route: route => route with { Filters = [config] }, bytesPerReceive: bytesPerReceive);
        fixture.Upstream.Answer = _ => Ok;
        return fixture;
    }
}
