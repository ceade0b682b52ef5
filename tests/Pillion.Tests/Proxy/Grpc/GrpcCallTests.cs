using Pillion.Proxy.Configuration;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Proxy.Grpc;

/// <summary>gRPC calls over HTTP/2 on both sides: what Pillion answers itself, deadlines, and calls that are made again.</summary>
public sealed class GrpcCallTests
{
    private static readonly (string, string) Grpc = ("content-type", "application/grpc");

    [Fact]
    public void What_Pillion_refuses_itself_is_a_status_of_the_call()
    {
        using var proxy = Fixture();
        proxy.Upstream.Close();
        var asked = Call(proxy);
        Assert.Equal((200, true, ""), (asked.Status, asked.IsComplete, asked.Body));
        Assert.Contains("grpc-status: 14\n", asked.Fields, StringComparison.Ordinal);
        Assert.Contains("content-type: application/grpc\n", asked.Fields, StringComparison.Ordinal);
        Assert.DoesNotContain("content-length", asked.Fields, StringComparison.Ordinal);
    }

    [Fact]
    public void A_direct_response_is_a_status_of_the_call()
    {
        using var proxy = new ProxyFixture(route: route => route with { Action = new DirectResponseConfig { Status = 403, Body = "not you" } });
        var asked = Call(proxy);
        Assert.Equal((200, true, ""), (asked.Status, asked.IsComplete, asked.Body));
        Assert.Contains("grpc-status: 7\ngrpc-message: not you\n", asked.Fields, StringComparison.Ordinal);
    }

    [Fact]
    public void A_streaming_call_passes_messages_and_trailers_both_ways()
    {
        using var proxy = Fixture();
        var asked = proxy.ConnectHttp2().Ask("POST", ends: false, fields: Grpc);
        var call = proxy.Upstream.Http2[0].Next().Read();
        asked.Send("one");
        Assert.Equal("one", call.Body);
        call.Begin(fields: Grpc);
        call.Send("first");
        Assert.Equal((200, "first"), (asked.Status, asked.Body));
        asked.Send("two");
        call.Send("second");
        Assert.Equal(("onetwo", "firstsecond"), (call.Body, asked.Body));
        asked.End();
        Assert.True(call.IsComplete);
        call.End("grpc-status: 0\n");
        Assert.Equal("grpc-status: 0\n", asked.Trailers);
        Assert.True(asked.IsComplete);
    }

    [Fact]
    public void The_clients_time_ends_the_call_and_the_upstream_is_told_what_is_allowed()
    {
        using var proxy = Fixture(forward => forward with { GrpcTimeoutMax = TimeSpan.FromSeconds(3) });
        var asked = Call(proxy, "10S");
        var call = proxy.Upstream.Http2[0].Next();
        Assert.Contains("grpc-timeout: 3000m\n", call.Head, StringComparison.Ordinal);
        proxy.AdvanceSeconds(2.9);
        Assert.False(asked.IsComplete);
        proxy.AdvanceSeconds(0.2);
        Assert.Contains("grpc-status: 4\n", asked.Fields, StringComparison.Ordinal);
        Assert.True(call.IsCancelled);
    }

    [Fact]
    public void A_call_with_a_time_of_its_own_is_not_cut_by_the_routes()
    {
        using var proxy = Fixture(forward => forward with { Timeout = TimeSpan.FromSeconds(15), GrpcTimeoutMax = TimeSpan.Zero, GrpcTimeoutReplaces = true });
        var asked = Call(proxy, "60S");
        proxy.AdvanceSeconds(30);
        Assert.False(asked.IsComplete);
        proxy.Upstream.Http2[0].Next().Answer(trailers: "grpc-status: 0\n", fields: Grpc);
        Assert.True(asked.IsComplete);
    }

    [Theory]
    [InlineData(RetryOnName.Cancelled, 1)]
    [InlineData(RetryOnName.DeadlineExceeded, 4)]
    [InlineData(RetryOnName.ResourceExhausted, 8)]
    [InlineData(RetryOnName.Internal, 13)]
    [InlineData(RetryOnName.Unavailable, 14)]
    public void A_call_whose_status_is_named_is_made_again_with_its_message(string on, int status)
    {
        using var proxy = Fixture(retry: new RetryConfig { On = Enum.Parse<RetryOn>(on), Retries = 2 });
        var asked = Call(proxy);
        var peer = proxy.Upstream.Http2[0];
        // Nothing but a status, then trailers behind a head without a message.
        peer.Next().Read().Answer(body: "", fields: [Grpc, ("grpc-status", $"{status}")]);
        proxy.AdvanceSeconds(0.5);
        var second = peer.Next().Read();
        second.Begin(fields: Grpc);
        Assert.Equal(0, asked.Status);
        second.End($"grpc-status: {status}\n");
        proxy.AdvanceSeconds(0.5);
        var third = peer.Next().Read();
        Assert.Equal(("message", true), (third.Body, third.IsComplete));
        third.Answer(trailers: "grpc-status: 0\n", fields: Grpc);
        Assert.Equal(("ok", "grpc-status: 0\n"), (asked.Body, asked.Trailers));
        Assert.Equal(2, proxy.ClusterMetrics.Retries);
    }

    [Fact]
    public void A_call_is_not_made_again_behind_a_message_or_for_another_status()
    {
        using var proxy = Fixture(retry: new RetryConfig { On = RetryOn.GrpcUnavailable, Retries = 2 });
        var asked = Call(proxy);
        var peer = proxy.Upstream.Http2[0];
        peer.Next().Read().Answer(body: "message", trailers: "grpc-status: 14\n", fields: Grpc);
        Assert.Equal(("message", "grpc-status: 14\n"), (asked.Body, asked.Trailers));
        var other = Call(proxy);
        peer.Next().Read().Answer(body: "", fields: [Grpc, ("grpc-status", "13")]);
        Assert.Contains("grpc-status: 13\n", other.Fields, StringComparison.Ordinal);
        Assert.Equal(2, peer.Calls.Count);
    }

    private static ProxyFixture Fixture(Func<ForwardConfig, ForwardConfig>? forward = null, RetryConfig? retry = null)
    {
        var proxy = new ProxyFixture(forward, cluster: app => app with { Protocol = HttpProtocol.Http2 }, retry: retry);
        proxy.Upstream.SpeakHttp2();
        return proxy;
    }

    private static Http2Asked Call(ProxyFixture proxy, string? timeout = null) =>
        proxy.ConnectHttp2().Ask("POST", "/service/Method", "message", fields: timeout is null ? [Grpc] : [Grpc, ("grpc-timeout", timeout)]);

    private static class RetryOnName
    {
        public const string Cancelled = nameof(RetryOn.GrpcCancelled);
        public const string DeadlineExceeded = nameof(RetryOn.GrpcDeadlineExceeded);
        public const string ResourceExhausted = nameof(RetryOn.GrpcResourceExhausted);
        public const string Internal = nameof(RetryOn.GrpcInternal);
        public const string Unavailable = nameof(RetryOn.GrpcUnavailable);
    }
}
