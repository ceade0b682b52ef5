using Pillion.Net.Tls;
using Xunit;

namespace Pillion.Tests.Net.Tls;

/// <summary>What a handshake settles.</summary>
public sealed class TlsHandshakeTests
{
    internal static readonly TlsServerSettings Mutual = TlsFixture.ServerSettings with
    {
        ClientCertificates = ClientCertificates.Required,
        Trust = new TestTrust(leaf => new TrustVerdict(TlsFixture.Authority.Store, leaf.UriNames is [var uri] ? uri : null)),
    };

    internal static readonly TlsClientSettings Known = TlsFixture.ClientSettings with { Certificate = TlsFixture.ClientLeaf.ForTls() };

    public static TheoryData<int, int, int> Splits
    {
        get
        {
            var rows = new TheoryData<int, int, int>();
            foreach (var version in new[] { TlsVersions.Tls12, TlsVersions.Tls13 })
            {
                foreach (var piece in new[] { 1, 2, 3, 5, 6, 7, 11, 16, 64, 100, 333, 1000, 0 })
                {
                    rows.Add((int)version, piece, 64 * 1024);
                }

                rows.Add((int)version, 1, 1);
                rows.Add((int)version, 0, 13);
                rows.Add((int)version, 7, 4096);
            }

            return rows;
        }
    }

    [Theory]
    [MemberData(nameof(Splits))]
    public void However_the_bytes_are_cut_the_handshake_and_the_stream_are_the_same(int version, int maxBytesPerReceive, int capacity)
    {
        // Where tickets do not fit on the way, a server would wait for its client to read them.
        using var tls = new TlsFixture(maxBytesPerReceive, capacity).Shaken(Mutual with { Resumption = capacity > 4096 }, Known with { Max = (TlsVersions)version });
        Assert.Equal("spiffe://test/client", tls.Server.Tls.PeerIdentity);
        var question = Bytes(1, 40_000);
        var answer = Bytes(2, 70_000);
        var receiving = tls.Begin(() => TlsFixture.ReceiveAllAsync(tls.Server, question.Length));
        Assert.True(tls.Send(tls.Client, question).IsOk);
        Assert.Equal(question, receiving.Result);
        receiving = tls.Begin(() => TlsFixture.ReceiveAllAsync(tls.Client, size: 1));
        Assert.True(tls.Send(tls.Server, answer).IsOk);
        Assert.True(tls.Run(tls.Server.ShutdownAsync).IsOk);
        Assert.Equal(answer, receiving.Result);

        // The other half is still open.
        receiving = tls.Begin(() => TlsFixture.ReceiveAllAsync(tls.Server));
        Assert.True(tls.Send(tls.Client, [1, 2, 3]).IsOk);
        Assert.True(tls.Run(tls.Client.ShutdownAsync).IsOk);
        Assert.Equal([1, 2, 3], receiving.Result);
    }

    [Theory]
    [InlineData("one.test", "one")]
    [InlineData("ONE.test", "one")]
    [InlineData("two.test", "two")]
    [InlineData("any.wild.test", "wild")]
    [InlineData("exact.wild.test", "exact")]
    [InlineData("a.b.wild.test", "default")]
    [InlineData("wild.test", "default")]
    [InlineData("nobody.test", "default")]
    [InlineData("127.0.0.1", "default")]
    [InlineData(null, "default")]
    public void The_name_that_is_asked_for_chooses_the_certificate(string? name, string expected)
    {
        var authority = TlsFixture.Authority;
        var server = new TlsServerSettings
        {
            Certificates =
            [
                authority.Issue("default.test", "test://name/default").ForTls(),
                authority.Issue("*.wild.test", "test://name/wild", isRsa: true).ForTls(),
                authority.Issue("one.test", "test://name/one").ForTls(),
                authority.Issue("exact.wild.test", "test://name/exact").ForTls(),
                authority.Issue("two.test", "test://name/two", isRsa: true).ForTls(),
            ],
        };
        using var tls = new TlsFixture().Shaken(server, name: name);
        Assert.Equal([$"test://name/{expected}"], tls.Client.Tls.Peer!.UriNames);
        Assert.Equal(name is null or "127.0.0.1" ? null : name.ToLowerInvariant(), tls.Server.Tls.ServerName);
    }

    [Theory]
    [InlineData("h2,http/1.1", "http/1.1,h2", "h2")]
    [InlineData("h2,http/1.1", "http/1.1", "http/1.1")]
    [InlineData("h2", "", null)]
    [InlineData("", "h2", null)]
    public void The_server_prefers_among_the_protocols_that_the_client_offers(string server, string client, string? expected)
    {
        using var tls = new TlsFixture().Shaken(
            TlsFixture.ServerSettings with { ApplicationProtocols = List(server) }, TlsFixture.ClientSettings with { ApplicationProtocols = List(client) });
        Assert.Equal(expected, tls.Server.Tls.ApplicationProtocol);
        Assert.Equal(expected, tls.Client.Tls.ApplicationProtocol);
    }

    [Fact]
    public void Without_a_protocol_in_common_both_sides_say_so()
    {
        using var tls = new TlsFixture().Shaken(
            TlsFixture.ServerSettings with { ApplicationProtocols = ["h2"] }, TlsFixture.ClientSettings with { ApplicationProtocols = ["http/1.1", "h3"] });
        Assert.Equal(TlsRefusal.NothingInCommon, tls.ServerResult.Refusal);
        Assert.Equal(TlsRefusal.NothingInCommon, tls.ClientResult.Refusal);
        Assert.Equal("the peer refused with alert 120, 'no application protocol'", tls.ClientResult.Cause);
        Assert.True(tls.ServerWire.IsClosed && tls.ClientWire.IsClosed);
    }

    [Fact]
    public void A_client_certificate_that_is_optional_may_be_missing()
    {
        using var tls = new TlsFixture().Shaken(Mutual with { ClientCertificates = ClientCertificates.Optional });
        Assert.Null(tls.Server.Tls.Peer);
        Assert.Null(tls.Server.Tls.PeerIdentity);
        tls.Reconnect();
        tls.Shaken(Mutual with { ClientCertificates = ClientCertificates.Optional }, Known);
        Assert.Equal("spiffe://test/client", tls.Server.Tls.PeerIdentity);
        Assert.Equal(TlsFixture.ClientLeaf.Certificate.RawData, tls.Server.Tls.Peer!.Der.ToArray());
    }

    [Fact]
    public void A_server_that_is_not_verified_is_not_known_either()
    {
        using var tls = new TlsFixture().Shaken(
            TlsFixture.ServerSettings with { Certificates = [TlsFixture.Authority.Issue(isSelfSigned: true).ForTls()] }, new TlsClientSettings());
        Assert.Null(tls.Client.Tls.Peer);
        Assert.Null(tls.Client.Tls.PeerIdentity);
    }

    [Fact]
    public void A_chain_over_an_intermediate_leads_to_either_authority()
    {
        var root = new TestAuthority("CN=root");
        var intermediate = new TestAuthority("CN=intermediate", root);
        var leaf = intermediate.Issue("server.test");
        foreach (var anchor in new[] { root, intermediate })
        {
            using var tls = new TlsFixture().Shaken(
                new TlsServerSettings { Certificates = [leaf.ForTls()] }, new TlsClientSettings { Trust = new TestTrust(anchor.Store) });
            Assert.NotNull(tls.Client.Tls.Peer);
        }
    }

    [Fact]
    public void A_context_that_was_replaced_serves_the_connections_it_has()
    {
        using var tls = new TlsFixture();
        var server = new TlsServerContext(TlsFixture.ServerSettings);
        var client = new TlsClientContext(TlsFixture.ClientSettings);
        tls.Shake(server, client);
        server.Dispose();
        client.Dispose();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Assert.True(tls.Send(tls.Server, "still here"u8.ToArray()).IsOk);
        Assert.Equal("still here"u8.ToArray(), tls.Receive(tls.Client));
        var (first, second) = (tls.Client, tls.Server);
        tls.Reconnect();
        tls.Shake(server, client);
        Assert.Equal(TlsRefusal.Other, tls.ServerResult.Refusal);
        Assert.True(tls.ServerWire.IsClosed && tls.ClientWire.IsClosed);
        tls.OnLoop(() =>
        {
            first.Close();
            second.Close();
        });
    }

    private static string[] List(string text) => text.Split(',', StringSplitOptions.RemoveEmptyEntries);

    private static byte[] Bytes(int seed, int count)
    {
        var bytes = new byte[count];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }
}
