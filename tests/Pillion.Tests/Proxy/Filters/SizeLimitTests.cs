using Pillion.Core.Configuration;
using Pillion.Core.Resilience;
using Pillion.Core.Signals;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Filters.SizeLimits;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Proxy.Filters;

public sealed class SizeLimitTests
{
    private const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

    private static readonly SourceLine Line = new("p.yaml", 7, 3, "inbound.max_request_body");

    [Fact]
    public void A_request_that_announces_too_much_is_refused_before_anything_is_sent()
    {
        using var fixture = With(new(IsAnswer: false, 10) { Source = Line });
        var client = fixture.Request("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\nExpect: 100-continue\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 413 ", client.Received);
        Assert.Contains("its body is larger than the 10 of max_request_body), says p.yaml:7", client.Received);
        Assert.Empty(fixture.Upstream.Connections);
        Assert.Equal(new Verdict("max_request_body", "too_large", default), Assert.Single(fixture.Record.Verdicts.ToArray()));
    }

    [Fact]
    public void One_that_is_just_as_large_as_allowed_passes()
    {
        using var fixture = With(new(IsAnswer: false, 10));
        Assert.StartsWith("HTTP/1.1 200 ", fixture.Request("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n0123456789").Received);
        Assert.StartsWith("HTTP/1.1 200 ", fixture.Request("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n01234\r\n5\r\n56789\r\n0\r\n\r\n").Received);
    }

    [Fact]
    public void One_that_turns_out_larger_is_answered_413_and_its_upstream_sees_it_cut_off()
    {
        using var fixture = With(new(IsAnswer: false, 10) { Source = Line });
        fixture.Upstream.Answer = null;
        var client = fixture.Request("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n01234\r\n");
        var upstream = fixture.Upstream.Next();
        Assert.Contains("01234", upstream.Received);
        client.Send("6\r\n567890\r\n");

        Assert.StartsWith("HTTP/1.1 413 ", client.Received);
        Assert.True(upstream.IsOver);
        Assert.Equal(FailureKind.RequestTooLarge, fixture.Record.Failure.Kind);
        Assert.Equal(1, fixture.Record.AttemptCount);
        Assert.Equal(1, fixture.Record.VerdictCount);
        client.Close();
    }

    [Fact]
    public void One_whose_answer_has_begun_is_cut_off()
    {
        using var fixture = With(new(IsAnswer: false, 10));
        fixture.Upstream.Answer = null;
        var client = fixture.Request("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n01234\r\n");
        fixture.Upstream.Next().Send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01234");
        client.Send("6\r\n567890\r\n");
        Assert.StartsWith("HTTP/1.1 200 ", client.Received);
        Assert.True(client.IsReset);
        Assert.Equal(FailureKind.RequestTooLarge, fixture.Record.Failure.Kind);
    }

    [Fact]
    public void An_answer_that_announces_too_much_becomes_502()
    {
        using var fixture = With(new(IsAnswer: true, 10) { Source = Line });
        fixture.Upstream.Answer = _ => "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n01234567890";
        var client = fixture.Get();
        Assert.StartsWith("HTTP/1.1 502 ", client.Received);
        Assert.Contains("larger than the 10 of max_response_body), says p.yaml:7", client.Received);
        Assert.Contains("http_response_body_size", client.Received);
        Assert.Equal(ResponseFlags.UPE, fixture.Record.Flags);
    }

    [Fact]
    public void One_that_turns_out_larger_is_cut_off_so_that_nobody_takes_it_for_whole()
    {
        using var fixture = With(new(IsAnswer: true, 10));
        fixture.Upstream.Answer = _ => "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n01234\r\n6\r\n567890\r\n0\r\n\r\n";
        var client = fixture.Get();
        Assert.DoesNotContain("0\r\n\r\n", client.Received);
        Assert.True(client.IsReset);
        Assert.Equal(FailureKind.ResponseTooLarge, fixture.Record.Failure.Kind);
        Assert.Equal(1, fixture.Record.VerdictCount);
    }

    [Fact]
    public void HEAD_may_speak_of_any_length()
    {
        using var fixture = With(new(IsAnswer: true, 10));
        fixture.Upstream.Answer = _ => "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n";
        Assert.StartsWith("HTTP/1.1 200 ", fixture.Request("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n").Received);
    }

    [Fact]
    public void Over_HTTP_2_a_body_that_turns_out_too_large_gets_413_and_the_connection_goes_on()
    {
        using var fixture = With(new(IsAnswer: false, 10));
        var client = fixture.ConnectHttp2();
        var asked = client.Ask("POST", "/", body: "01234567890");
        Assert.Equal(413, asked.Status);
        Assert.Equal(200, client.Ask("POST", "/", body: "0123456789").Status);
    }

    private static ProxyFixture With(SizeLimitConfig limit)
    {
        var fixture = new ProxyFixture(route: route => route with { Filters = [limit] });
        fixture.Upstream.Answer = _ => Ok;
        return fixture;
    }
}
