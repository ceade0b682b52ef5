using System.Net;
using Pillion.Core.Signals.Metrics;
using Pillion.Net.InMemory;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Configuration.Tcp;
using Pillion.Proxy.Configuration.Transport;
using Pillion.Tests.Net.Detection;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Proxy.Tcp;

/// <summary>Connections whose bytes are passed on, from the listener to the upstream.</summary>
public sealed class TcpConnectionTests
{
    [Fact]
    public void Bytes_pass_both_ways_each_half_ends_by_itself_and_one_line_says_so()
    {
        using var proxy = Fixture();
        var client = proxy.Request("hello");
        var upstream = proxy.Upstream.Next();
        Assert.Equal("hello", upstream.Take());
        client.End();
        Assert.True(upstream.IsEnded);
        Assert.False(client.IsOver);
        upstream.Send("world!");
        Assert.Equal("world!", client.Take());
        upstream.End();
        Assert.True(client.IsEnded);
        var record = proxy.Record;
        Assert.Equal(("127.0.0.1:8080", 5, 6), (record.UpstreamHost, (int)record.BytesReceived, (int)record.BytesSent));
        Assert.Single(proxy.Log);
        Assert.Equal((1, 0, 0), (Metrics(proxy).ConnectionsTotal, Metrics(proxy).ConnectionsActive, proxy.ClusterMetrics.ConnectionsActive));
    }

    [Fact]
    public void A_refused_connect_is_tried_on_another_endpoint_where_that_is_allowed()
    {
        using var proxy = Fixture(tcp => tcp with { MaxConnectAttempts = 2 }, cluster => cluster with { Endpoints = [ProxyFixture.Endpoint(8080), ProxyFixture.Endpoint(8081)] });
        proxy.Upstream.Close();
        var other = proxy.Listen(8081);
        for (var i = 0; i < 2; i++)
        {
            var client = proxy.Request("hello");
            Assert.Equal("hello", other.Next().Take());
            client.Reset();
        }
    }

    [Fact]
    public void A_client_whose_upstream_cannot_be_reached_is_closed_and_the_record_says_why()
    {
        using var proxy = Fixture();
        proxy.Upstream.Close();
        Assert.True(proxy.Request("hello").IsOver);
        Assert.Equal(Pillion.Core.Resilience.FailureKind.ConnectRefused, proxy.Record.Failure.Kind);
    }

    [Fact]
    public void A_connection_above_the_limit_is_closed_and_its_line_says_which_limit_it_was()
    {
        using var proxy = Fixture(cluster: cluster => cluster with { DefaultCircuits = new() { MaxConnections = new(1) } });
        var first = proxy.Request("hello");
        Assert.True(proxy.Request("hello").IsOver);
        Assert.Equal(Pillion.Core.Signals.ResponseFlags.UO, proxy.Record.Flags);
        Assert.Equal("refused: max_connections is 1", proxy.Record.Verdicts[0].Outcome);
        Assert.Equal(1, proxy.ClusterMetrics.ConnectionsOverflow);
        first.Reset();
        var third = proxy.Request("hello");
        Assert.Equal("hello", proxy.Upstream.Connections[1].Take());
        third.Reset();
    }

    [Fact]
    public void A_connection_on_which_nothing_moves_is_closed()
    {
        using var proxy = Fixture(tcp => tcp with { IdleTimeout = TimeSpan.FromSeconds(10) });
        var client = proxy.Request("hello");
        proxy.AdvanceSeconds(9);
        Assert.False(client.IsOver);
        proxy.AdvanceSeconds(2);
        Assert.True(client.IsOver);
        Assert.True(proxy.Upstream.Connections[0].IsOver);
    }

    [Fact]
    public void A_drain_closes_what_is_quiet_behind_an_answer_and_waits_for_what_is_owed_one()
    {
        using var proxy = Fixture();
        var (quiet, owed, busy) = (proxy.Request("question"), proxy.Request("question"), proxy.Request("question"));
        var (first, second, third) = (proxy.Upstream.Next(), proxy.Upstream.Next(), proxy.Upstream.Next());
        first.Send("answer");
        proxy.Role.BeginDrain();
        for (var i = 0; i < 4; i++)
        {
            third.Send("more");
            proxy.AdvanceSeconds(2);
        }

        Assert.True(quiet.IsEnded);
        Assert.True(first.IsEnded);
        Assert.False(owed.IsOver);
        Assert.False(busy.IsOver);
        second.Send("answer");
        proxy.AdvanceSeconds(7);
        Assert.Equal("answer", owed.Take());
        Assert.True(owed.IsEnded);
        Assert.True(busy.IsEnded);
        Assert.Equal(0, proxy.Role.Live.Listeners[0].Bound.Connections);
    }

    [Fact]
    public void The_end_of_the_grace_period_closes_connections_also_while_they_connect()
    {
        using var proxy = Fixture();
        var relayed = proxy.Request("hello");
        proxy.Network.SetFaults(proxy.Upstream.EndPoint, new MemoryFaults { NeverAnswer = true });
        var connecting = proxy.Request("hello");
        proxy.Stop();
        Assert.True(relayed.IsOver);
        Assert.True(connecting.IsOver);
        Assert.Equal(0, proxy.ClusterMetrics.ConnectionsActive);
    }

    [Fact]
    public void Connections_beyond_the_limit_are_refused()
    {
        using var proxy = Fixture(listener: listener => listener with { MaxConnections = 1 });
        var first = proxy.Request("one");
        var second = proxy.Connect();
        Assert.True(second.IsOver);
        first.Reset();
        proxy.Request("three");
        Assert.Equal(2, proxy.Upstream.Connections.Count);
        Assert.Equal(1, proxy.Metrics.Listener("127.0.0.1:15000", 0).ConnectionsRefused);
    }

    [Theory]
    [InlineData(Version1, "PROXY TCP4 127.0.0.1 127.0.0.1 ")]
    [InlineData(Version2, "\r\n\r\n\0\r\nQUIT\n")]
    public void A_PROXY_header_is_sent_first(int version, string begins)
    {
        using var proxy = Fixture(cluster: cluster => cluster with { ProxyHeader = (ProxyHeaderVersion)version });
        proxy.Request("hello");
        var received = proxy.Upstream.Next().Take();
        Assert.StartsWith(begins, received, StringComparison.Ordinal);
        Assert.EndsWith("hello", received, StringComparison.Ordinal);
    }

    [Fact]
    public void A_PROXY_header_of_a_believed_peer_says_who_the_client_is()
    {
        using var proxy = Fixture(listener: listener => listener with { ProxyHeader = new ProxyHeaderConfig { From = [IPNetwork.Parse("127.0.0.0/8")] } });
        proxy.Request("PROXY TCP4 10.1.2.3 10.9.9.9 1234 80\r\nhello").Reset();
        Assert.Equal("hello", proxy.Upstream.Next().Take());
        Assert.Equal("10.1.2.3:1234", proxy.Record.Downstream.ToString());
        var without = proxy.Request("hello and more of it, long enough to be told from a header");
        Assert.True(without.IsOver);
        Assert.Single(proxy.Upstream.Connections);
        var words = new SortedDictionary<string, long>();
        proxy.Metrics.Listener("127.0.0.1:15000", 0).Refusals.AddTo(words);
        Assert.Equal([new("proxy_header_missing", 1)], words);
    }

    [Fact]
    public void A_PROXY_header_of_a_version_that_is_not_taken_is_refused()
    {
        using var proxy = Fixture(listener: listener => listener with { ProxyHeader = new ProxyHeaderConfig { From = [IPNetwork.Parse("127.0.0.0/8")], AllowV1 = false } });
        Assert.True(proxy.Request("PROXY TCP4 10.1.2.3 10.9.9.9 1234 80\r\nhello").IsOver);
        Assert.Empty(proxy.Upstream.Connections);
    }

    [Fact]
    public void A_PROXY_header_of_anybody_else_is_only_bytes()
    {
        using var proxy = Fixture(listener: listener => listener with { ProxyHeader = new ProxyHeaderConfig { From = [IPNetwork.Parse("10.0.0.0/8")] } });
        proxy.Request("PROXY TCP4 10.1.2.3 10.9.9.9 1234 80\r\nhello").Reset();
        Assert.StartsWith("PROXY TCP4", proxy.Upstream.Next().Take(), StringComparison.Ordinal);
        Assert.StartsWith("127.0.0.1", proxy.Record.Downstream.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_server_that_speaks_first_is_reached_after_the_silence_and_then_at_once()
    {
        using var proxy = Fixture(listener: listener => listener with { Detection = new DetectionConfig { Tls = true, Http = true } });
        var first = proxy.Connect();
        Assert.Empty(proxy.Upstream.Connections);
        proxy.AdvanceSeconds(0.6);
        proxy.Upstream.Next().Send("220 ready");
        Assert.Equal("220 ready", first.Take());
        var second = proxy.Connect();
        proxy.AdvanceSeconds(0.06);
        proxy.Upstream.Next().Send("220 ready");
        Assert.Equal("220 ready", second.Take());
    }

    [Fact]
    public void TLS_is_passed_through_by_the_name_it_asks_for()
    {
        using var proxy = Fixture(
            listener: listener => listener with
            {
                Chains =
                [
                    listener.Chains[0] with { Name = "one", Match = new FilterChainMatchConfig { ServerNames = ["one.test"] } },
                    listener.Chains[0] with { Name = "two", Match = new FilterChainMatchConfig { ServerNames = ["*.two.test"] }, Tcp = listener.Chains[0].Tcp! with { Clusters = [new("other", 1)] } },
                ],
            },
            clusters: [new ClusterConfig { Name = "other", Endpoints = [ProxyFixture.Endpoint(8081)] }]);
        var other = proxy.Listen(8081);
        var hello = Hellos.FromClient("x.two.test");
        proxy.Connect().Send(hello);
        Assert.Equal(hello, System.Text.Encoding.Latin1.GetBytes(other.Next().Take()));
        proxy.Connect().Send(Hellos.FromClient("one.test"));
        Assert.Single(proxy.Upstream.Connections);
        Assert.True(proxy.Connect().Send(Hellos.FromClient("three.test")).IsOver);
        Assert.Equal(1, proxy.Metrics.Listener("127.0.0.1:15000", 0).NoChain);
    }

    [Fact]
    public void A_connection_that_was_meant_for_the_sidecar_itself_is_refused_as_a_loop()
    {
        using var proxy = Fixture(cluster: cluster => cluster with { Discovery = ClusterDiscovery.OriginalDestination, Endpoints = [] });
        Assert.True(proxy.Request("hello").IsOver);
        Assert.Equal(Pillion.Core.Resilience.FailureKind.LoopDetected, proxy.Record.Failure.Kind);
        Assert.Equal(0, proxy.ClusterMetrics.ConnectionsTotal);
    }

    private const int Version1 = (int)ProxyHeaderVersion.V1;
    private const int Version2 = (int)ProxyHeaderVersion.V2;

    private static TcpMetrics Metrics(ProxyFixture proxy) => proxy.Metrics.Tcp("tcp", 0);

    private static ProxyFixture Fixture(
        Func<TcpConfig, TcpConfig>? tcp = null, Func<ClusterConfig, ClusterConfig>? cluster = null, Func<ListenerConfig, ListenerConfig>? listener = null, ClusterConfig[]? clusters = null)
    {
        var relayed = new TcpConfig { StatPrefix = "tcp", Clusters = [new("app", 1)], AccessLogs = [new AccessLogConfig { Path = ProxyFixture.LogPath }] };
        Func<ListenerConfig, ListenerConfig> change = bound => (listener ?? (same => same))(bound with { Chains = [new() { Name = "tcp", Tcp = tcp?.Invoke(relayed) ?? relayed }] });
        var proxy = new ProxyFixture(cluster: cluster, listener: change);
        if (clusters is not null)
        {
            proxy.Reload(proxy.Config with { Clusters = [.. proxy.Config.Clusters, .. clusters] });
        }

        return proxy;
    }
}
