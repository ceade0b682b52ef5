using Pillion.Core.Identity.Secrets;
using Pillion.Core.Resilience;
using Pillion.Net.Http;
using Pillion.Net.Http.Http1;
using Pillion.Net.Http.Http2;
using Pillion.Net.Sockets;
using Pillion.Net.Tls;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Configuration.Transport;
using Pillion.Tests.Net.Tls;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Proxy.Upstreams;

/// <summary>Upstreams behind TLS: which version ALPN chooses, who waits for a handshake, and who is not believed.</summary>
public sealed class UpstreamTlsTests
{
    private const string Get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

    private readonly List<Connection> _accepted = [];
    private readonly List<bool> _resumed = [];
    private int _http1Requests;

    [Fact]
    public void An_upstream_that_takes_HTTP2_is_spoken_to_so_on_one_connection()
    {
        using var proxy = Fixture();
        using var tls = Server("h2", "http/1.1");
        proxy.Upstream.Takes = connection => _ = ServeAsync(proxy, connection, tls);
        RawPeer[] clients = [proxy.Request(Get), proxy.Request(Get), proxy.Request(Get)];
        Assert.All(clients, client => Assert.StartsWith("HTTP/1.1 200 ", client.TakeHead()));
        Assert.Single(proxy.Upstream.Http2);
        Assert.Equal((1, 1), (proxy.ClusterMetrics.TlsHandshakes, proxy.ClusterMetrics.ConnectionsTotal));
    }

    [Fact]
    public void An_upstream_that_takes_only_HTTP1_is_spoken_to_so_and_its_connections_are_kept()
    {
        using var proxy = Fixture();
        using var tls = Server("http/1.1");
        proxy.Upstream.Takes = connection => _ = ServeAsync(proxy, connection, tls);
        var client = proxy.Request(Get);
        Assert.StartsWith("HTTP/1.1 200 ", client.TakeHead());
        client.Take();
        client.Send(Get);
        Assert.StartsWith("HTTP/1.1 200 ", client.TakeHead());
        Assert.Equal((2, 1, 1), (_http1Requests, proxy.ClusterMetrics.ConnectionsTotal, proxy.ClusterMetrics.ConnectionsHttp1));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_further_connection_resumes_the_session_unless_the_file_forbids_it(bool resumes)
    {
        using var proxy = Fixture(cluster => cluster with { Protocol = HttpProtocol.Http1, MaxRequestsPerConnection = 1, Tls = cluster.Tls! with { Resumption = resumes } });
        using var tls = Server("http/1.1");
        proxy.Upstream.Takes = connection => _ = ServeAsync(proxy, connection, tls);
        Assert.StartsWith("HTTP/1.1 200 ", proxy.Request(Get).TakeHead());
        Assert.StartsWith("HTTP/1.1 200 ", proxy.Request(Get).TakeHead());
        Assert.Equal([false, resumes], _resumed);
    }

    [Fact]
    public void An_upstream_that_changes_its_mind_about_the_version_is_asked_again()
    {
        using var proxy = Fixture(cluster => cluster with { MaxRequestsPerConnection = 1 });
        using var old = Server("http/1.1");
        using var next = Server("h2");
        proxy.Upstream.Takes = connection => _ = ServeAsync(proxy, connection, old);
        Assert.StartsWith("HTTP/1.1 200 ", proxy.Request(Get).TakeHead());
        proxy.Upstream.Takes = connection => _ = ServeAsync(proxy, connection, next);
        proxy.Request(Get);
        Assert.StartsWith("HTTP/1.1 200 ", proxy.Request(Get).TakeHead());
        Assert.NotEmpty(proxy.Upstream.Http2);
    }

    [Fact]
    public void A_client_that_leaves_within_the_handshake_does_not_take_the_connection_from_the_others()
    {
        using var proxy = Fixture();
        using var tls = Server("h2");
        proxy.Upstream.Takes = _accepted.Add;
        var (first, second) = (proxy.Request(Get), proxy.Request(Get));
        first.Reset();
        Assert.Equal(1, proxy.ClusterMetrics.PendingActive);
        proxy.OnLoop(() => _ = ServeAsync(proxy, Assert.Single(_accepted), tls));
        Assert.StartsWith("HTTP/1.1 200 ", second.TakeHead());
        Assert.Equal(0, proxy.ClusterMetrics.PendingActive);
    }

    [Fact]
    public void A_cluster_that_is_retired_within_the_handshake_serves_who_waits_and_keeps_nothing()
    {
        using var proxy = Fixture();
        using var tls = Server("h2");
        proxy.Upstream.Takes = _accepted.Add;
        var (gone, waits) = (proxy.Request(Get), proxy.Request(Get));
        proxy.Reload(ProxyFixture.Make());
        gone.Reset();
        proxy.OnLoop(() => _ = ServeAsync(proxy, Assert.Single(_accepted), tls));
        Assert.StartsWith("HTTP/1.1 200 ", waits.TakeHead());
        proxy.AdvanceSeconds(1.5);
        Assert.Equal(0, proxy.ClusterMetrics.ConnectionsActive);
    }

    [Fact]
    public void A_cluster_that_is_retired_within_the_handshake_closes_what_nobody_waits_for_any_more()
    {
        using var proxy = Fixture();
        using var tls = Server("h2");
        proxy.Upstream.Takes = _accepted.Add;
        var gone = proxy.Request(Get);
        proxy.Reload(ProxyFixture.Make());
        gone.Reset();
        proxy.OnLoop(() => _ = ServeAsync(proxy, Assert.Single(_accepted), tls));
        proxy.AdvanceSeconds(1.5);
        Assert.Equal((0, 1), (proxy.ClusterMetrics.ConnectionsActive, proxy.ClusterMetrics.ConnectionsHttp2));
    }

    [Fact]
    public void An_upstream_that_cannot_prove_itself_gets_nothing_of_any_request()
    {
        using var proxy = Fixture();
        using var tls = new TlsServerContext(new TlsServerSettings { Certificates = [new TestAuthority("CN=somebody else").Issue("server.test").ForTls()], ApplicationProtocols = ["h2"] });
        proxy.Upstream.Takes = connection => _ = ServeAsync(proxy, connection, tls);
        RawPeer[] clients = [proxy.Request(Get), proxy.Request(Get)];
        Assert.All(clients, client => Assert.StartsWith("HTTP/1.1 503 ", client.TakeHead()));
        Assert.All(proxy.Records, record => Assert.Equal(FailureKind.TlsCertificate, record.Failure.Kind));
        Assert.Equal((0, 0, 2), (_http1Requests, proxy.Upstream.Http2.Count, proxy.ClusterMetrics.TlsFailures));
    }

    [Fact]
    public void A_handshake_that_is_not_answered_ends_with_the_connect_timeout()
    {
        using var proxy = Fixture();
        proxy.Upstream.Takes = _accepted.Add;
        var client = proxy.Request(Get);
        proxy.AdvanceSeconds(5.1);
        Assert.StartsWith("HTTP/1.1 503 ", client.TakeHead());
        Assert.Equal(FailureKind.ConnectTimeout, proxy.Record.Failure.Kind);
        proxy.OnLoop(_accepted[0].Close);
    }

    [Fact]
    public void Connections_made_under_a_former_certificate_finish_their_streams_and_get_no_more()
    {
        using var files = new RotatingFiles(TlsFixture.ClientLeaf);
        using var proxy = Fixture(cluster => cluster with { Tls = cluster.Tls! with { Certificate = files.Certificate } });
        using var tls = Server("h2");
        proxy.Upstream.Takes = connection => _ = HoldAsync(proxy, connection, tls);
        var old = proxy.Request(Get);
        files.Replace(TlsFixture.Authority.Issue("client.test", "spiffe://test/next"));
        RotatingFiles.LookAt(proxy);
        var next = proxy.Request(Get);
        Assert.Equal(2, proxy.Upstream.Http2.Count);
        proxy.Upstream.Http2[0].Next().Answer();
        proxy.Upstream.Http2[1].Next().Answer();
        Assert.StartsWith("HTTP/1.1 200 ", old.TakeHead());
        Assert.StartsWith("HTTP/1.1 200 ", next.TakeHead());
        Assert.NotNull(proxy.Upstream.Http2[0].End);
        Assert.Null(proxy.Upstream.Http2[1].End);
    }

    [Fact]
    public void An_upgrade_is_made_over_HTTP1_where_HTTP2_does_not_take_it()
    {
        using var proxy = Fixture(http: http => http with { Upgrades = ["websocket"] });
        using var tls = Server("h2", "http/1.1");
        var settings = Http2Settings.Default with { AllowConnect = false };
        proxy.Upstream.Takes = connection => _ = ServeAsync(proxy, connection, tls, settings);
        Assert.StartsWith("HTTP/1.1 200 ", proxy.Request(Get).TakeHead());
        var client = proxy.Request("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200 ", client.TakeHead());
        Assert.Equal((1, 1), (_http1Requests, proxy.Upstream.Http2.Count));
    }

    private static TlsServerContext Server(params string[] protocols) => new(TlsFixture.ServerSettings with { ApplicationProtocols = protocols });

    private static ProxyFixture Fixture(Func<ClusterConfig, ClusterConfig>? cluster = null, Func<HttpConfig, HttpConfig>? http = null) => new(
        http: http,
        cluster: app => (cluster ?? (same => same))(app with
        {
            Protocol = HttpProtocol.Auto,
            Tls = new UpstreamTlsConfig { ServerName = "server.test", Trust = new PeerTrustConfig { Authorities = SecretPart.Inline(TlsFixture.Authority.Pem) } },
        }));

    // Its requests are left to the test.
    private static async Task HoldAsync(ProxyFixture proxy, Connection connection, TlsServerContext tls) =>
        proxy.Upstream.Http2.Add(new Http2Peer(proxy, (await TlsHandshake.AcceptAsync(connection, tls, default)).Connection!, Http2Settings.Default, answer: null));

    private async Task ServeAsync(ProxyFixture proxy, Connection connection, TlsServerContext tls, Http2Settings? settings = null)
    {
        var secured = await TlsHandshake.AcceptAsync(connection, tls, default);
        if (secured.Connection is not { } inner)
        {
            connection.Close();
        }
        else if (inner.Tls!.ApplicationProtocol == "h2")
        {
            _resumed.Add(inner.Tls.IsResumed);
            proxy.Upstream.Http2.Add(new Http2Peer(proxy, inner, settings ?? Http2Settings.Default, call => call.AnswerAsync()));
        }
        else
        {
            _resumed.Add(inner.Tls.IsResumed);
            await ServeHttp1Async(new Http1ServerStream(inner, HttpRules.Default), proxy);
        }
    }

    private async Task ServeHttp1Async(Http1ServerStream stream, ProxyFixture proxy)
    {
        while ((await stream.ReceiveHeadAsync(default, default)).Outcome == HeadOutcome.Received)
        {
            _http1Requests++;
            stream.WriteHead(new ResponseHead { Status = 200, Body = BodyKind.Length, ContentLength = 2 }, close: false);
            var slab = proxy.Loop.Slabs.Rent();
            slab.TryAppend("ok"u8);
            await stream.SendBodyAsync(slab, 2);
            proxy.Loop.Slabs.Return(slab);
            await stream.FinishAsync(null);
        }

        stream.Dispose();
    }
}
