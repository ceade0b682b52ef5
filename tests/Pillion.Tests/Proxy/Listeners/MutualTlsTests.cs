using Pillion.Core.Configuration;
using Pillion.Core.Identity.Secrets;
using Pillion.Core.Identity;
using Pillion.Net.Tls;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Configuration.Transport;
using Pillion.Tests.Net.Tls;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Proxy.Listeners;

/// <summary>One port that takes mutual TLS, strictly or beside what comes in the clear, and what the application is told of the peer.</summary>
public sealed class MutualTlsTests
{
    private const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    private static readonly TestAuthority Authority = new();
    private static readonly TestAuthority Stranger = new("CN=somebody else");
    private static readonly TestLeaf Server = Authority.Issue("server.test", "spiffe://test/server");
    private static readonly TestLeaf Client = Authority.Issue("client.test", "spiffe://test/client");

    [Fact]
    public void Permissive_serves_both_and_counts_who_comes_in_the_clear()
    {
        using var proxy = Fixture(permissive: true);
        using var tls = Context(Client);
        var asked = proxy.ConnectHttp2(tls: tls, name: "server.test").Ask();
        Assert.Equal(200, asked.Status);
        Assert.StartsWith("HTTP/1.1 200 ", proxy.Get().TakeHead());
        Assert.StartsWith("HTTP/1.1 200 ", proxy.Get().TakeHead());
        Assert.Equal((2, 1, 0), (Metrics(proxy).Plaintext, Metrics(proxy).TlsHandshakes, Metrics(proxy).TlsFailures));
        var peer = Assert.Single(proxy.Role.PlaintextPeers.List());
        Assert.Equal(("in", 2), (peer.Listener, (int)peer.Connections));
        Assert.Equal(1, proxy.Metrics.Peers.Cells("spiffe://test/client", 0).Requests);
        Assert.Equal(["https", "http", "http"], proxy.Upstream.Requests.Select(request => Field(request, "x-forwarded-proto")));
    }

    [Fact]
    public void Strict_refuses_what_comes_in_the_clear()
    {
        using var proxy = Fixture();
        var client = proxy.Get();
        Assert.True(client.IsOver);
        Assert.DoesNotContain("HTTP", client.Received, StringComparison.Ordinal);
        Refused(proxy, "not_tls");
    }

    [Theory]
    [InlineData("no_certificate")]
    [InlineData("expired")]
    [InlineData("not_yet_valid")]
    [InlineData("unknown_issuer")]
    [InlineData("self_signed")]
    [InlineData("wrong_name")]
    [InlineData("revoked")]
    public void A_client_that_cannot_prove_itself_is_refused_by_its_reason(string reason)
    {
        var now = new ManualTimeProvider().GetUtcNow();
        var leaf = reason switch
        {
            "no_certificate" => null,
            "expired" => Authority.Issue("client.test", "spiffe://test/client", to: now.AddDays(-1)),
            "not_yet_valid" => Authority.Issue("client.test", "spiffe://test/client", from: now.AddDays(1)),
            "unknown_issuer" => Stranger.Issue("client.test", "spiffe://test/client"),
            "self_signed" => Authority.Issue("client.test", "spiffe://test/client", isSelfSigned: true),
            "wrong_name" => Authority.Issue("other.test", "spiffe://test/other"),
            _ => Client,
        };
        using var proxy = Fixture(revoked: reason == "revoked" ? Authority.Revoke(Client) : null);
        using var tls = Context(leaf);
        // In TLS 1.3 the client learns it right behind its own handshake.
        var client = proxy.ConnectHttp2(tls: tls, name: "server.test");
        Assert.True(client.IsClosed);
        Refused(proxy, reason);
    }

    [Fact]
    public void A_handshake_that_is_not_finished_in_time_is_refused()
    {
        using var proxy = Fixture();
        var client = proxy.Connect();
        proxy.AdvanceSeconds(10.1);
        Assert.True(client.IsOver);
        Refused(proxy, "timed_out");
    }

    [Fact]
    public void A_port_check_is_no_news()
    {
        using var proxy = Fixture();
        proxy.Connect().End();
        Assert.Equal(1, Metrics(proxy).TlsFailures);
        Assert.DoesNotContain(proxy.Logger.Lines, line => line.Text.Contains("refused", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("Sanitize", null)]
    [InlineData("ForwardOnly", "Hash=claimed")]
    [InlineData("AppendForward", "Hash=claimed,By=spiffe://test/server;Hash={0};Subject=\"{1}\";URI=spiffe://test/client;DNS=client.test")]
    [InlineData("SanitizeSet", "By=spiffe://test/server;Hash={0};Subject=\"{1}\";URI=spiffe://test/client;DNS=client.test")]
    [InlineData("AlwaysForwardOnly", "Hash=claimed")]
    public void What_is_said_of_a_verified_client_follows_the_mode(string mode, string? expected)
    {
        using var proxy = Fixture(forwarding: new ClientCertificateForwarding { Mode = Enum.Parse<ForwardClientCert>(mode), Subject = true, Uri = true, Dns = true });
        using var tls = Context(Client);
        var client = proxy.ConnectHttp2(tls: tls, name: "server.test");
        for (var i = 0; i < 2; i++)
        {
            Assert.Equal(200, client.Ask(fields: ("x-forwarded-client-cert", "Hash=claimed")).Status);
            var seen = Field(proxy.Upstream.Requests[i], "x-forwarded-client-cert");
            var hash = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(Client.Certificate.RawData));
            Assert.Equal(expected is null ? null : string.Format(System.Globalization.CultureInfo.InvariantCulture, expected, hash, "CN=client.test,O=tests"), seen);
        }
    }

    [Theory]
    [InlineData("Sanitize", null)]
    [InlineData("ForwardOnly", null)]
    [InlineData("AppendForward", null)]
    [InlineData("SanitizeSet", null)]
    [InlineData("AlwaysForwardOnly", "Hash=claimed")]
    public void What_a_client_in_the_clear_claims_is_removed(string mode, string? expected)
    {
        using var proxy = Fixture(permissive: true, forwarding: new ClientCertificateForwarding { Mode = Enum.Parse<ForwardClientCert>(mode) });
        proxy.Request("GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-Client-Cert: Hash=claimed\r\nX-Forwarded-Client-Cert: Hash=claimed\r\n\r\n");
        Assert.Equal(expected, Field(proxy.Upstream.Requests[0], "x-forwarded-client-cert"));
    }

    [Theory]
    [InlineData("authenticated: { principal_name: { exact: spiffe://test/client } }", 200)]
    [InlineData("authenticated: { principal_name: { suffix: .test } }", 200)]
    [InlineData("authenticated: { principal_name: { contains: O=tests } }", 200)]
    [InlineData("authenticated: {}", 200)]
    [InlineData("authenticated: { principal_name: { exact: spiffe://test/other } }", 403)]
    [InlineData("not_id: { authenticated: { principal_name: { exact: spiffe://test/client } } }", 403)]
    public void Authorization_asks_for_the_names_of_the_certificate_that_was_verified(string principal, int status)
    {
        using var proxy = Fixture();
        using var tls = Context(Client);
        var running = proxy.Config.Listeners[0];
        var http = running.Chains[0].Http!;
        var host = http.Routes.VirtualHosts[0];
        var filters = PolicyText.EnvoyFilters($"- name: envoy.filters.http.rbac\n  typed_config: {{ \"@type\": type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC, rules: {{ policies: {{ p: {{ permissions: [any: true], principals: [{{ {principal} }}] }} }} }} }}");
        var guarded = http with { Routes = http.Routes with { VirtualHosts = [host with { Routes = [host.Routes[0] with { Filters = filters }] }] } };
        proxy.Reload(proxy.Config with { Listeners = [running with { Chains = [running.Chains[0] with { Http = guarded }] }] });
        Assert.Equal(status, proxy.ConnectHttp2(tls: tls, name: "server.test").Ask().Status);
    }

    [Fact]
    public void A_client_that_connects_early_and_speaks_late_is_still_told_from_the_other_kind()
    {
        using var proxy = Fixture(permissive: true);
        var (secured, plain) = (proxy.Connect(), proxy.Connect());
        proxy.AdvanceSeconds(30);
        secured.Send(Pillion.Tests.Net.Detection.Hellos.FromClient("server.test"));
        Assert.StartsWith("\u0016\u0003", secured.Received, StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 200 ", plain.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").TakeHead());
        Assert.Equal(1, Metrics(proxy).Plaintext);
    }

    [Fact]
    public void A_field_that_imitates_what_is_said_of_a_client_is_refused()
    {
        using var proxy = Fixture(permissive: true);
        Assert.StartsWith("HTTP/1.1 400 ", proxy.Request("GET / HTTP/1.1\r\nHost: a\r\nX_Forwarded_Client_Cert: URI=spiffe://test/admin\r\n\r\n").TakeHead());
        Assert.Empty(proxy.Upstream.Requests);
    }

    [Fact]
    public void Turning_strict_ends_the_connections_in_the_clear()
    {
        using var proxy = Fixture(permissive: true);
        using var tls = Context(Client);
        var verified = proxy.ConnectHttp2(tls: tls, name: "server.test");
        Assert.Equal(200, verified.Ask().Status);
        var plain = proxy.Get();
        plain.TakeHead();
        var permissive = proxy.Config;
        proxy.Reload(permissive with { Listeners = [permissive.Listeners[0] with { Chains = [permissive.Listeners[0].Chains[0]] }] });
        Assert.True(plain.IsEnded);
        Assert.False(verified.IsGoingAway);
        Assert.Equal(200, verified.Ask().Status);
    }

    [Fact]
    public void Files_that_rotate_are_shown_to_new_connections_while_the_old_go_on()
    {
        using var files = new RotatingFiles(Server);
        using var proxy = Fixture();
        using var tls = Context(Client);
        var running = proxy.Config.Listeners[0];
        var chain = running.Chains[0];
        proxy.Reload(proxy.Config with { Listeners = [running with { Chains = [chain with { Tls = chain.Tls! with { Certificates = [files.Certificate] } }] }] });
        var old = proxy.ConnectHttp2(tls: tls, name: "server.test");
        files.Replace(Authority.Issue("server.test", "spiffe://test/next"));
        RotatingFiles.LookAt(proxy);
        var client = proxy.ConnectHttp2(tls: tls, name: "server.test");
        Assert.Equal("spiffe://test/next", client.Connection.Tls!.Peer!.UriNames[0]);
        Assert.Equal((200, 200), (old.Ask().Status, client.Ask().Status));
        Assert.False(old.IsGoingAway);
        File.WriteAllText(files.ChainPath, "garbage");
        RotatingFiles.LookAt(proxy);
        Assert.Equal(200, proxy.ConnectHttp2(tls: tls, name: "server.test").Ask().Status);
    }

    [Fact]
    public void A_reload_with_another_certificate_drains_the_old_connections_and_shows_the_new_one()
    {
        using var proxy = Fixture();
        using var tls = Context(Client);
        var old = proxy.ConnectHttp2(tls: tls, name: "server.test");
        var running = proxy.Config.Listeners[0];
        var next = Authority.Issue("server.test", "spiffe://test/next");
        var chain = running.Chains[0];
        proxy.Reload(proxy.Config with { Listeners = [running with { Chains = [chain with { Tls = chain.Tls! with { Certificates = [Pair(next)] } }] }] });
        proxy.AdvanceSeconds(1.5);
        Assert.True(old.IsClosed);
        var client = proxy.ConnectHttp2(tls: tls, name: "server.test");
        Assert.Equal("spiffe://test/next", client.Connection.Tls!.Peer!.UriNames[0]);
        Assert.Equal(200, client.Ask().Status);
    }

    private static void Refused(ProxyFixture proxy, string reason)
    {
        var words = new SortedDictionary<string, long>();
        Metrics(proxy).TlsRefusals.AddTo(words);
        Assert.Equal([new(reason, 1)], words);
        Assert.Equal((1, 0), (Metrics(proxy).TlsFailures, Metrics(proxy).TlsHandshakes));
        Assert.Contains(proxy.Logger.Lines, line => line.Text.StartsWith("listener in refused a connection from 127.0.0.1", StringComparison.Ordinal));
        Assert.Empty(proxy.Upstream.Connections);
        Assert.Equal((0, 0), (proxy.HttpMetrics.RequestsTotal, proxy.Role.Live.Listeners[0].Bound.Connections));
    }

    private static Pillion.Core.Signals.Metrics.ListenerMetrics Metrics(ProxyFixture proxy) => proxy.Metrics.Listener("127.0.0.1:15000", 0);

    private static CertificateConfig Pair(TestLeaf leaf) => new() { Chain = SecretPart.Inline(leaf.ChainPem), Key = SecretPart.Inline(leaf.KeyPem) };

    private static TlsClientContext Context(TestLeaf? leaf) => new(new TlsClientSettings
    {
        Certificate = leaf?.ForTls(),
        Trust = new TestTrust(Authority.Store, "the server"),
        ApplicationProtocols = ["h2"],
    });

    private static ProxyFixture Fixture(bool permissive = false, string? revoked = null, ClientCertificateForwarding? forwarding = null)
    {
        var tls = new DownstreamTlsConfig
        {
            Certificates = [Pair(Server)],
            ClientCertificates = ClientCertificates.Required,
            Trust = new PeerTrustConfig
            {
                Authorities = SecretPart.Inline(Authority.Pem),
                RevocationList = revoked is null ? null : SecretPart.Inline(revoked),
                Names = [new NameMatchConfig(NameType.Uri, NameComparison.Exact, "spiffe://test/client")],
            },
        };
        var proxy = new ProxyFixture(
            http: http => http with { ClientCertificate = forwarding ?? http.ClientCertificate },
            listener: listener =>
            {
                var chain = listener.Chains[0];
                var secured = chain with { Name = "mtls", Tls = tls, Match = permissive ? new FilterChainMatchConfig { IsTls = true } : new FilterChainMatchConfig() };
                return listener with
                {
                    Chains = permissive ? [secured, chain with { Name = "plain", Match = new FilterChainMatchConfig { IsTls = false }, CountsPlaintext = true }] : [secured],
                };
            });
        proxy.Upstream.Answer = _ => Ok;
        return proxy;
    }

    // All values of a field, as one list.
    private static string? Field(string request, string name)
    {
        var values = request.Split("\r\n").Where(line => line.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase)).Select(line => line[(name.Length + 2)..]).ToArray();
        return values.Length == 0 ? null : string.Join(',', values.Distinct());
    }
}
