using Pillion.Net.Tls;
using Pillion.Net.Tls.OpenSsl;
using Xunit;

namespace Pillion.Tests.Net.Tls;

/// <summary>A session may be taken up again where nothing about trust has changed, and nowhere else.</summary>
public sealed class TlsResumptionTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(TlsVersions.Tls12)]
    [InlineData(TlsVersions.Tls13)]
    internal void The_second_connection_resumes_and_knows_who_the_peer_is(TlsVersions version)
    {
        using var tls = new TlsFixture();
        var server = tls.ServerContext(TlsHandshakeTests.Mutual);
        var client = tls.ClientContext(TlsHandshakeTests.Known with { Max = version });
        for (var round = 0; round < 4; round++)
        {
            tls.Shake(server, client);
            Assert.Equal(round > 0, tls.Server.Tls.IsResumed);
            Assert.Equal(round > 0, tls.Client.Tls.IsResumed);
            Assert.Equal("spiffe://test/client", tls.Server.Tls.PeerIdentity);
            Assert.Equal(TlsFixture.ClientLeaf.Certificate.RawData, tls.Server.Tls.Peer!.Der.ToArray());
            Assert.Equal("the server", tls.Client.Tls.PeerIdentity);
            Assert.NotNull(tls.Client.Tls.Peer);
            Assert.Equal("server.test", tls.Server.Tls.ServerName);
            Again(tls);
        }
    }

    [Fact]
    public void Another_server_context_does_not_resume_what_an_earlier_one_trusted()
    {
        using var tls = new TlsFixture();
        var client = tls.ClientContext(TlsHandshakeTests.Known);
        foreach (var _ in new int[3])
        {
            tls.Shake(tls.ServerContext(TlsHandshakeTests.Mutual), client);
            Assert.False(tls.Server.Tls.IsResumed);
            Again(tls);
        }
    }

    [Fact]
    public void Another_client_context_starts_anew()
    {
        using var tls = new TlsFixture();
        var server = tls.ServerContext(TlsHandshakeTests.Mutual);
        foreach (var _ in new int[2])
        {
            tls.Shake(server, tls.ClientContext(TlsHandshakeTests.Known));
            Assert.False(tls.Server.Tls.IsResumed);
            Again(tls);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Either_side_can_do_without(bool atServer)
    {
        using var tls = new TlsFixture();
        var server = tls.ServerContext(TlsFixture.ServerSettings with { Resumption = !atServer });
        var client = tls.ClientContext(TlsFixture.ClientSettings with { Resumption = atServer });
        foreach (var version in new[] { TlsVersions.Tls12, TlsVersions.Tls13, TlsVersions.Tls13 })
        {
            tls.Shake(server, client);
            Assert.False(tls.Server.Tls.IsResumed);
            Again(tls);
        }

        Assert.Equal(0, atServer ? 0 : client.SessionCount);
    }

    [Theory]
    [InlineData(TlsVersions.Tls12)]
    [InlineData(TlsVersions.Tls13)]
    internal void A_client_whose_certificate_has_expired_since_must_prove_itself_anew(TlsVersions version)
    {
        using var tls = new TlsFixture();
        var server = tls.ServerContext(TlsHandshakeTests.Mutual);
        var leaf = TlsFixture.Authority.Issue("client.test", to: Now.AddMinutes(10));
        var client = tls.ClientContext(TlsHandshakeTests.Known with { Certificate = leaf.ForTls(), Max = version });
        foreach (var resumed in new[] { false, true })
        {
            tls.Shake(server, client);
            Assert.Equal(resumed, tls.Server.Tls.IsResumed);
            Again(tls);
        }

        tls.Clock.Advance(TimeSpan.FromMinutes(11));
        tls.Shake(server, client);
        Assert.Equal(TlsRefusal.Expired, tls.ServerResult.Refusal);
    }

    [Theory]
    [InlineData(TlsVersions.Tls12)]
    [InlineData(TlsVersions.Tls13)]
    internal void A_server_whose_certificate_has_expired_since_is_verified_anew(TlsVersions version)
    {
        using var tls = new TlsFixture();
        var leaf = TlsFixture.Authority.Issue("server.test", to: Now.AddMinutes(10));
        var server = tls.ServerContext(new TlsServerSettings { Certificates = [leaf.ForTls()] });
        var client = tls.ClientContext(TlsFixture.ClientSettings with { Max = version });
        foreach (var resumed in new[] { false, true })
        {
            tls.Shake(server, client);
            Assert.Equal(resumed, tls.Client.Tls.IsResumed);
            Again(tls);
        }

        tls.Clock.Advance(TimeSpan.FromMinutes(11));
        tls.Shake(server, client);
        Assert.Equal(TlsRefusal.Expired, tls.ClientResult.Refusal);
    }

    [Fact]
    public void A_trust_that_has_changed_its_mind_refuses_the_resumed_peer()
    {
        using var tls = new TlsFixture();
        var isTrusted = true;
        var trust = new TestTrust(leaf => isTrusted
            ? new TrustVerdict(TlsFixture.Authority.Store, "somebody")
            : new TrustVerdict(null, null, TlsRefusal.WrongName, "not this one any more"));
        var server = tls.ServerContext(TlsHandshakeTests.Mutual with { Trust = trust });
        var client = tls.ClientContext(TlsHandshakeTests.Known);
        tls.Shake(server, client);
        Again(tls);
        isTrusted = false;
        tls.Shake(server, client);
        Assert.Equal(TlsRefusal.WrongName, tls.ServerResult.Refusal);
    }

    [Fact]
    public void A_client_without_a_certificate_resumes_as_nobody()
    {
        using var tls = new TlsFixture();
        var server = tls.ServerContext(TlsHandshakeTests.Mutual with { ClientCertificates = ClientCertificates.Optional });
        var client = tls.ClientContext();
        foreach (var resumed in new[] { false, true, true })
        {
            tls.Shake(server, client);
            Assert.Equal(resumed, tls.Server.Tls.IsResumed);
            Assert.Null(tls.Server.Tls.Peer);
            Assert.Null(tls.Server.Tls.PeerIdentity);
            Again(tls);
        }
    }

    [Fact]
    public void A_peer_that_is_not_remembered_any_more_proves_itself_anew()
    {
        using var tls = new TlsFixture();
        var server = tls.ServerContext(TlsHandshakeTests.Mutual);
        var known = tls.ClientContext(TlsHandshakeTests.Known);
        tls.Shake(server, known);
        Again(tls);
        foreach (var _ in new int[600])
        {
            tls.Shake(server, tls.ClientContext(TlsHandshakeTests.Known with { Certificate = TlsFixture.Authority.Issue("other").ForTls() }));
            Again(tls);
        }

        tls.Shake(server, known);
        Assert.False(tls.Server.Tls.IsResumed);
        Assert.Equal("spiffe://test/client", tls.Server.Tls.PeerIdentity);
    }

    [Fact]
    public void Connections_of_one_peer_share_what_is_known_of_it()
    {
        using var tls = new TlsFixture();
        var (server, client) = (tls.ServerContext(TlsHandshakeTests.Mutual), tls.ClientContext(TlsHandshakeTests.Known with { Resumption = false }));
        tls.Shake(server, client);
        var (first, second) = (tls.Server.Tls.Peer, tls.Client.Tls.Peer);
        Again(tls);
        tls.Shake(server, client);
        Assert.Same(first, tls.Server.Tls.Peer);
        Assert.Same(second, tls.Client.Tls.Peer);
    }

    [Theory]
    [InlineData("30 0a 02 01 01 a3 02 04 00 04 01 07", "30 06 02 01 01 04 01 07")]
    [InlineData("30 05 02 01 01 a3 00", "30 03 02 01 01")]
    [InlineData("30 81 0a 02 01 01 a3 02 04 00 04 01 07", "30 81 06 02 01 01 04 01 07")]
    [InlineData("30 82 00 0a 02 01 01 a3 02 04 00 04 01 07", "30 82 00 06 02 01 01 04 01 07")]
    [InlineData("30 03 02 01 01", "")]
    [InlineData("30 04 02 01 01", "")]
    [InlineData("30 05 02 01 01 a3 01", "")]
    [InlineData("31 05 02 01 01 a3 00", "")]
    [InlineData("30 83 00 00 05 02 01 01 a3 00", "")]
    [InlineData("30", "")]
    [InlineData("", "")]
    public void The_certificate_is_cut_out_of_an_encoded_session(string encoded, string expected)
    {
        var bytes = Convert.FromHexString(encoded.Replace(" ", "", StringComparison.Ordinal));
        var length = SessionPeer.RemovePeer(bytes);
        Assert.Equal(expected.Replace(" ", "", StringComparison.Ordinal), Convert.ToHexStringLower(bytes[..length]));
    }

    private static void Again(TlsFixture tls)
    {
        // The tickets of a TLS 1.3 server lie behind its handshake, and are taken when something looks.
        tls.OnLoop(() => Assert.False(tls.Client.HasUnread));
        tls.OnLoop(tls.Client.Close);
        tls.OnLoop(tls.Server.Close);
        tls.Reconnect();
    }
}
