using Pillion.Core.Overload;
using Pillion.Core.Signals;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Filters.Compression;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Proxy.Filters;

public sealed class CompressionTests
{
    private static readonly string Text = string.Concat(Enumerable.Range(0, 400).Select(i => $"line {i} of the answer\n"));

    [Theory]
    [InlineData("gzip", "gzip")]
    [InlineData("br", "br")]
    [InlineData("gzip, br", "br")]
    [InlineData("gzip;q=1.0, br;q=0.5", "gzip")]
    [InlineData("br;q=0, *", "gzip")]
    [InlineData("*;q=0.1", "br")]
    [InlineData("x-gzip", "gzip")]
    [InlineData("GZIP ; Q=0.3", "gzip")]
    public void A_client_gets_the_coding_that_it_likes_best(string accepts, string coding)
    {
        using var fixture = With(new());
        var client = Ask(fixture, accepts);
        var head = client.TakeHead();
        Assert.Contains($"\r\nContent-Encoding: {coding}\r\n", head, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("\r\nVary: Accept-Encoding\r\n", head, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("Content-Length", head, StringComparison.OrdinalIgnoreCase);
        var packed = Packed.Dechunk(client.Received);
        Assert.True(packed.Length < Text.Length / 4, $"{packed.Length} of {Text.Length} bytes");
        Assert.Equal(Text, coding == "br" ? Packed.Unbrotli(packed) : Packed.Ungzip(packed));
        Assert.Equal(new Verdict("compression", coding, default), fixture.Record.Verdicts[0]);
        Assert.Equal(packed.Length, fixture.Record.BytesSent);
    }

    [Theory]
    [InlineData("")]
    [InlineData("identity")]
    [InlineData("gzip;q=0, br;q=0.000")]
    [InlineData("gzip;q=2")]
    [InlineData("gzip;q=0.1234")]
    [InlineData("deflate, zstd")]
    public void One_that_takes_none_gets_the_body_as_it_is_and_caches_hear_of_it(string accepts)
    {
        using var fixture = With(new());
        var client = Ask(fixture, accepts);
        var head = client.TakeHead();
        Assert.DoesNotContain("Content-Encoding", head, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("\r\nVary: Accept-Encoding\r\n", head, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(Text, client.Received);
    }

    [Theory]
    [InlineData("Content-Type: image/png")]
    [InlineData("Content-Type: text/plain\r\nContent-Encoding: br")]
    [InlineData("Content-Type: text/plain\r\nCache-Control: max-age=1, No-Transform")]
    [InlineData("Content-Type: text/plain\r\nContent-Range: bytes 0-99/200")]
    [InlineData("Content-Type: text/plain\r\nRepr-Digest: sha-256=:AAAA:")]
    public void What_may_not_be_changed_is_left_alone(string fields)
    {
        using var fixture = With(new(), fields);
        var client = Ask(fixture, "gzip");
        Assert.DoesNotContain("Content-Encoding: gzip", client.TakeHead());
        Assert.Equal(Text, client.Received);
    }

    [Theory]
    [InlineData(860, true)]
    [InlineData(859, false)]
    public void Small_bodies_are_left_alone(int length, bool isPacked)
    {
        using var fixture = With(new());
        fixture.Upstream.Answer = _ => $"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\n\r\n{new string('a', length)}";
        Assert.Equal(isPacked, Ask(fixture, "gzip").TakeHead().Contains("Content-Encoding", StringComparison.OrdinalIgnoreCase));
    }

    [Theory]
    [InlineData("Weaken", "\"x\"", "W/\"x\"", true)]
    [InlineData("Weaken", "W/\"x\"", "W/\"x\"", true)]
    [InlineData("Remove", "\"x\"", null, true)]
    [InlineData("Remove", "W/\"x\"", "W/\"x\"", true)]
    [InlineData("Keep", "\"x\"", "\"x\"", false)]
    public void A_strong_ETag_does_not_stand_beside_other_bytes(string etag, string before, string? after, bool isPacked)
    {
        using var fixture = With(new() { Etag = Enum.Parse<StrongEtag>(etag) }, $"Content-Type: text/plain\r\nETag: {before}");
        var head = Ask(fixture, "gzip").TakeHead();
        Assert.Equal(isPacked, head.Contains("Content-Encoding", StringComparison.OrdinalIgnoreCase));
        Assert.Equal(after is not null, head.Contains($"\r\nETag: {after}\r\n", StringComparison.Ordinal) && after is not null);
        Assert.Equal(after is not null, head.Contains("ETag", StringComparison.OrdinalIgnoreCase));
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("br")]
    public void An_event_is_readable_when_it_is_sent_and_not_when_the_stream_ends(string coding)
    {
        using var fixture = With(new());
        fixture.Upstream.Answer = null;
        var client = Ask(fixture, coding);
        var upstream = fixture.Upstream.Next();
        upstream.Send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
        client.TakeHead();
        var events = "";
        for (var i = 0; i < 5; i++)
        {
            events += $"data: {i}\n\n";
            upstream.Send($"9\r\ndata: {i}\n\n\r\n");
            fixture.AdvanceSeconds(1);
            var packed = Packed.Dechunk(client.Received);
            Assert.Equal(events, coding == "br" ? Packed.Unbrotli(packed) : Packed.Ungzip(packed));
        }

        upstream.Send("0\r\n\r\n");
        Assert.EndsWith("0\r\n\r\n", client.Received);
    }

    [Theory]
    [InlineData("gzip", 1)]
    [InlineData("br", 1)]
    [InlineData("gzip", 1000)]
    [InlineData("br", 100_000)]
    public void Any_body_comes_out_as_it_went_in_however_it_is_cut(string coding, int bytesPerReceive)
    {
        var random = new Random(bytesPerReceive);
        var body = string.Concat(Enumerable.Range(0, bytesPerReceive == 1 ? 3000 : 300_000).Select(_ => (char)random.Next(random.Next(2, 256))));
        using var fixture = new ProxyFixture(route: route => route with { Filters = [new CompressionConfig()] }, bytesPerReceive: bytesPerReceive);
        fixture.Upstream.Answer = _ => $"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {body.Length}\r\n\r\n{body}";
        var client = Ask(fixture, coding);
        client.TakeHead();
        var packed = Packed.Dechunk(client.Received);
        Assert.True(body == (coding == "br" ? Packed.Unbrotli(packed) : Packed.Ungzip(packed)), "the body is another one");
        Assert.EndsWith("0\r\n\r\n", client.Received);
    }

    [Fact]
    public void Over_HTTP_2_it_is_the_same()
    {
        using var fixture = With(new());
        var asked = fixture.ConnectHttp2().Ask(fields: ("accept-encoding", "gzip"));
        Assert.Contains("content-encoding: gzip", asked.Fields, StringComparison.OrdinalIgnoreCase);
        Assert.True(asked.IsComplete);
        Assert.Equal(Text, Packed.Ungzip(asked.Body));
    }

    [Fact]
    public void HEAD_and_our_own_answers_are_left_alone()
    {
        using var fixture = With(new());
        Assert.DoesNotContain("Content-Encoding", fixture.Request("HEAD / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n").Received, StringComparison.OrdinalIgnoreCase);
        fixture.Upstream.Close();
        Assert.Empty(fixture.Reload(ProxyFixture.Make(cluster: cluster => cluster with { Endpoints = [ProxyFixture.Endpoint(1)] }, route: route => route with { Filters = [new CompressionConfig { MinBytes = 0 }] })));
        Assert.DoesNotContain("Content-Encoding", Ask(fixture, "gzip").Received, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void So_many_are_compressed_at_once_and_none_when_memory_is_short()
    {
        using var fixture = With(new());
        fixture.Upstream.Answer = null;
        var clients = Enumerable.Range(0, CompressionFilter.MaxAtOnce + 1).Select(_ => Ask(fixture, "gzip")).ToList();
        var upstreams = fixture.Upstream.Connections.ToList();
        upstreams.ForEach(upstream => upstream.Send("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"));
        Assert.Equal(CompressionFilter.MaxAtOnce, clients.Count(client => client.Received.Contains("Content-Encoding", StringComparison.OrdinalIgnoreCase)));
        upstreams.ForEach(upstream => upstream.Send("0\r\n\r\n"));
        Assert.Equal(0, fixture.Role.Loops[0].Coders);

        fixture.Overload.Publish(OverloadActions.Mirrors, "");
        var client = Ask(fixture, "gzip");
        fixture.Upstream.Connections[^1].Send($"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {Text.Length}\r\n\r\n{Text}");
        Assert.EndsWith(Text, client.Received);
        Assert.Equal(new Verdict("compression", "busy", default), fixture.Record.Verdicts[0]);
    }

    [Fact]
    public void A_client_that_leaves_in_the_middle_leaves_nothing_behind()
    {
        using var fixture = With(new());
        fixture.Upstream.Answer = null;
        var client = Ask(fixture, "br");
        var upstream = fixture.Upstream.Next();
        upstream.Send($"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 100000\r\n\r\n{Text}");
        client.Reset();
        Assert.True(upstream.IsOver);
    }

    private static RawPeer Ask(ProxyFixture fixture, string accepts) =>
        fixture.Request($"GET / HTTP/1.1\r\nHost: a\r\n{(accepts.Length > 0 ? $"Accept-Encoding: {accepts}\r\n" : "")}\r\n");

    private static ProxyFixture With(CompressionConfig compression, string fields = "Content-Type: text/plain; charset=utf-8")
    {
        var fixture = new ProxyFixture(route: route => route with { Filters = [compression] });
        fixture.Upstream.Answer = request =>
            $"HTTP/1.1 200 OK\r\n{fields}\r\nContent-Length: {Text.Length}\r\n\r\n{(request.StartsWith("HEAD", StringComparison.Ordinal) ? "" : Text)}";
        return fixture;
    }
}
