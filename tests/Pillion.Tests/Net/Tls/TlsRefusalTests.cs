using System.Text;
using Pillion.Net.Loop;
using Pillion.Net.Sockets;
using Pillion.Net.Tls;
using Xunit;

namespace Pillion.Tests.Net.Tls;

/// <summary>Each bad certificate, each bad peer: refused, with the cause in words, the alert on its way, and everything closed.</summary>
public sealed class TlsRefusalTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly TestAuthority Authority = TlsFixture.Authority;
    private static readonly TestAuthority Stranger = new("CN=stranger");

    public static TheoryData<string> BadCertificates => [.. Bad.Keys];

    private static Dictionary<string, BadCase> Bad { get; } = new()
    {
        ["expired"] = new(Authority.Issue("bad", "spiffe://test/bad", to: Now.AddSeconds(-1)), TlsRefusal.Expired, "the certificate expired 2025-12-31 23:59:59Z; spiffe://test/bad", 45),
        ["not yet"] = new(Authority.Issue("bad", from: Now.AddHours(1)), TlsRefusal.NotYetValid, "the certificate is not valid before 2026-01-01 01:00:00Z; bad", 42),
        ["self-signed"] = new(Authority.Issue("bad", isSelfSigned: true), TlsRefusal.SelfSigned, "the certificate is self-signed and not trusted here; bad", 48),
        ["unknown issuer"] = new(Stranger.Issue("bad"), TlsRefusal.UnknownIssuer, "the certificate was issued by nobody who is trusted here; bad", 48),
        ["unknown root"] = new(new TestAuthority("CN=between", Stranger).Issue("bad"), TlsRefusal.UnknownIssuer, "above the certificate, was issued by nobody", 48),
        ["revoked"] = new(Authority.Issue("bad"), TlsRefusal.Revoked, "the certificate was revoked; bad", 44),
        ["wrong purpose"] = new(Authority.Issue("bad", purpose: "1.3.6.1.5.5.7.3.9"), TlsRefusal.BadCertificate, "the certificate is not valid: unsuitable certificate purpose; bad", 43),
        ["wrong name"] = new(Authority.Issue("bad"), TlsRefusal.WrongName, "it is bad and not good; bad", 42),
        ["wrong domain"] = new(Authority.Issue("bad"), TlsRefusal.WrongTrustDomain, "the trust domain 'bad' is not known here; bad", 48),
        ["bad SVID"] = new(Authority.Issue("bad"), TlsRefusal.BadSvid, "it has no URI; bad", 42),
    };

    [Theory]
    [MemberData(nameof(BadCertificates))]
    public void A_bad_client_certificate_is_refused(string name)
    {
        var bad = Bad[name];
        foreach (var required in new[] { ClientCertificates.Optional, ClientCertificates.Required })
        {
            foreach (var version in new[] { TlsVersions.Tls12, TlsVersions.Tls13 })
            {
                using var tls = new TlsFixture().Shaken(
                    TlsFixture.ServerSettings with { ClientCertificates = required, Trust = TrustFor(name) },
                    TlsFixture.ClientSettings with { Certificate = bad.Leaf.ForTls(), Max = version });
                Check(bad, tls.ServerResult);
                Assert.True(tls.ServerWire.IsClosed);
                if (version == TlsVersions.Tls12)
                {
                    Assert.Equal(TlsRefusal.PeerRefused, tls.ClientResult.Refusal);
                    Assert.StartsWith($"the peer refused with alert {bad.Alert}", tls.ClientResult.Cause, StringComparison.Ordinal);
                }
                else
                {
                    // RFC 8446 §4.4.2: this client had finished its handshake before the server saw the certificate.
                    var (result, _) = tls.Run(() => TlsFixture.ReceiveAsync(tls.Client));
                    Assert.Equal(IoError.Reset, result.Error);
                    Assert.StartsWith($"the peer refused with alert {bad.Alert}", tls.Client.Fault, StringComparison.Ordinal);
                    Assert.Equal(IoError.Reset, tls.Send(tls.Client, [1]).Error);
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(BadCertificates))]
    public void A_bad_server_certificate_is_refused(string name)
    {
        var bad = Bad[name];
        foreach (var version in new[] { TlsVersions.Tls12, TlsVersions.Tls13 })
        {
            using var tls = new TlsFixture().Shaken(
                new TlsServerSettings { Certificates = [bad.Leaf.ForTls()] }, new TlsClientSettings { Trust = TrustFor(name), Max = version });
            Check(bad, tls.ClientResult);
            Assert.True(tls.ClientWire.IsClosed && tls.ServerWire.IsClosed);
            Assert.Equal(TlsRefusal.PeerRefused, tls.ServerResult.Refusal);
            Assert.StartsWith($"the peer refused with alert {bad.Alert}", tls.ServerResult.Cause, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_missing_client_certificate_is_refused_where_one_is_required(bool old)
    {
        using var tls = new TlsFixture().Shaken(TlsHandshakeTests.Mutual, TlsFixture.ClientSettings with { Max = old ? TlsVersions.Tls12 : TlsVersions.Tls13 });
        Assert.Equal(TlsRefusal.NoCertificate, tls.ServerResult.Refusal);
        Assert.Equal("the client gave no certificate, and one is required", tls.ServerResult.Cause);
        if (!old)
        {
            Assert.Equal(IoError.Reset, tls.Run(() => TlsFixture.ReceiveAsync(tls.Client)).Result.Error);
            Assert.Equal("the peer refused with alert 116, 'certificate required'", tls.Client.Fault);
        }
    }

    [Fact]
    public void A_leaf_of_whose_issuer_there_is_no_revocation_list_is_refused_where_there_are_lists()
    {
        var other = new TestAuthority("CN=other");
        var store = TrustStore.FromPem(Encoding.ASCII.GetBytes(Authority.Pem + other.Pem), Encoding.ASCII.GetBytes(other.Revoke()), out _)!;
        using var tls = new TlsFixture().Shaken(client: new TlsClientSettings { Trust = new TestTrust(store) });
        Assert.Equal(TlsRefusal.BadCertificate, tls.ClientResult.Refusal);
        Assert.Contains("there is no revocation list of its issuer", tls.ClientResult.Cause, StringComparison.Ordinal);
    }

    [Fact]
    public void An_authority_between_that_was_revoked_takes_its_leaves_with_it()
    {
        var root = new TestAuthority("CN=root");
        var intermediate = new TestAuthority("CN=intermediate", root);
        var leaf = intermediate.Issue("server.test");
        var revoked = root.Revoke(new TestLeaf(intermediate.Certificate, "", ""));
        foreach (var (lists, refusal) in new[] { (root.Revoke() + intermediate.Revoke(), TlsRefusal.None), (revoked + intermediate.Revoke(), TlsRefusal.Revoked) })
        {
            using var tls = new TlsFixture().Shaken(
                new TlsServerSettings { Certificates = [leaf.ForTls()] }, new TlsClientSettings { Trust = new TestTrust(root.StoreWith(lists)) });
            Assert.Equal(refusal, tls.ClientResult.Refusal);
        }
    }

    [Fact]
    public void A_trust_that_throws_refuses()
    {
        using var tls = new TlsFixture().Shaken(client: new TlsClientSettings { Trust = new TestTrust(_ => throw new InvalidOperationException("a bug")) });
        Assert.Equal(TlsRefusal.Other, tls.ClientResult.Refusal);
        Assert.Contains("a bug", tls.ClientResult.Cause, StringComparison.Ordinal);
    }

    [Fact]
    public void Versions_or_suites_without_overlap_are_told_from_other_faults()
    {
        using var versions = new TlsFixture().Shaken(
            TlsFixture.ServerSettings with { Min = TlsVersions.Tls13 }, TlsFixture.ClientSettings with { Max = TlsVersions.Tls12 });
        Assert.Equal(TlsRefusal.NothingInCommon, versions.ServerResult.Refusal);
        Assert.Equal(TlsRefusal.NothingInCommon, versions.ClientResult.Refusal);
        using var suites = new TlsFixture().Shaken(
            TlsFixture.ServerSettings with { Max = TlsVersions.Tls12, CipherSuites = "ECDHE-ECDSA-AES256-GCM-SHA384" },
            TlsFixture.ClientSettings with { Max = TlsVersions.Tls12, CipherSuites = "ECDHE-ECDSA-AES128-GCM-SHA256" });
        Assert.Equal(TlsRefusal.NothingInCommon, suites.ServerResult.Refusal);
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\n\r\n", TlsRefusal.NotTls)]
    [InlineData("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", TlsRefusal.NotTls)]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n", TlsRefusal.NotTls)]
    [InlineData("\0\0\0\0\0\0\0\0\0\0\0\0", TlsRefusal.NotTls)]
    [InlineData("\u0016\u0003\u0001\0\u0005hello", TlsRefusal.Other)]
    [InlineData("", TlsRefusal.Ended)]
    [InlineData("\u0016\u0003\u0001", TlsRefusal.Ended)]
    internal void What_is_no_handshake_is_refused(string bytes, TlsRefusal expected)
    {
        using var tls = new TlsFixture();
        var accepting = tls.Begin(() => TlsHandshake.AcceptAsync(tls.ServerWire, tls.ServerContext(), Deadline.After(tls.Loop, TimeSpan.FromSeconds(5))));
        tls.Send(tls.ClientWire, Encoding.Latin1.GetBytes(bytes));
        tls.Run(tls.ClientWire.ShutdownAsync);
        Assert.True(accepting.IsCompleted);
        Assert.Equal(expected, accepting.Result.Refusal);
        Assert.NotEmpty(accepting.Result.Cause!);
        Assert.True(tls.ServerWire.IsClosed);
    }

    [Fact]
    public void A_server_that_answers_in_the_clear_is_not_TLS()
    {
        using var tls = new TlsFixture();
        var connecting = tls.Begin(() => TlsHandshake.ConnectAsync(tls.ClientWire, tls.ClientContext(), "server.test", default));
        tls.Send(tls.ServerWire, "HTTP/1.1 400 Bad Request\r\n\r\n"u8.ToArray());
        Assert.Equal(TlsRefusal.NotTls, connecting.Result.Refusal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(200)]
    public void A_handshake_that_is_not_finished_in_time_is_given_up(int bytes)
    {
        using var tls = new TlsFixture();
        var accepting = tls.Begin(() => TlsHandshake.AcceptAsync(tls.ServerWire, tls.ServerContext(), Deadline.After(tls.Loop, TimeSpan.FromSeconds(5))));
        var hello = CapturedHello(tls);
        tls.Send(tls.ClientWire, hello[..bytes]);
        tls.Clock.Advance(TimeSpan.FromSeconds(4.9));
        tls.Loop.RunUntilIdle();
        Assert.False(accepting.IsCompleted);
        Assert.Equal(0, tls.Loop.Slabs.Rented);
        tls.Clock.Advance(TimeSpan.FromSeconds(0.2));
        tls.Loop.RunUntilIdle();
        Assert.Equal(TlsRefusal.TimedOut, accepting.Result.Refusal);
        Assert.True(tls.ServerWire.IsClosed);
    }

    [Fact]
    public void A_reset_within_the_handshake_ends_it()
    {
        for (var after = 0; after < 2000; after += 37)
        {
            using var tls = new TlsFixture();
            tls.ClientWire.ResetAfterBytes = after;
            tls.Shake(tls.ServerContext(TlsHandshakeTests.Mutual), tls.ClientContext(TlsHandshakeTests.Known));
            if (tls.ServerResult.Connection is null)
            {
                Assert.Equal(TlsRefusal.Ended, tls.ServerResult.Refusal);
            }
        }
    }

    [Fact]
    public void Settings_that_cannot_be_used_are_refused_in_words()
    {
        var server = TlsFixture.ServerSettings;
        Assert.Contains("'NOTHING' names no TLS 1.2 cipher suite", Message(server with { CipherSuites = "NOTHING" }), StringComparison.Ordinal);
        Assert.Contains("'P-1' is no list of groups", Message(server with { Groups = "P-1" }), StringComparison.Ordinal);
        Assert.Contains("a TLS server needs a certificate", Message(server with { Certificates = [] }), StringComparison.Ordinal);
        Assert.Contains("nothing says whom to trust", Message(server with { ClientCertificates = ClientCertificates.Optional }), StringComparison.Ordinal);
        Assert.Contains("is newer than", Message(server with { Min = TlsVersions.Tls13, Max = TlsVersions.Tls12 }), StringComparison.Ordinal);
        Assert.Contains("is no name of an application protocol", Message(server with { ApplicationProtocols = [""] }), StringComparison.Ordinal);

        static string Message(TlsServerSettings settings) => Assert.Throws<InvalidOperationException>(() => new TlsServerContext(settings)).Message;
    }

    internal static byte[] CapturedHello(TlsFixture tls)
    {
        var (client, server) = Pillion.Net.InMemory.MemoryConnection.Pair(tls.Loop, tls.Loop);
        _ = tls.Begin(() => TlsHandshake.ConnectAsync(client, tls.ClientContext(), "server.test", default));
        var hello = tls.Receive(server);
        tls.OnLoop(server.Abort);
        return hello;
    }

    private static TestTrust TrustFor(string name) => name switch
    {
        "wrong name" => new TestTrust(_ => new TrustVerdict(null, null, TlsRefusal.WrongName, "it is bad and not good")),
        "wrong domain" => new TestTrust(_ => new TrustVerdict(null, null, TlsRefusal.WrongTrustDomain, "the trust domain 'bad' is not known here")),
        "bad SVID" => new TestTrust(_ => new TrustVerdict(null, null, TlsRefusal.BadSvid, "it has no URI")),
        "revoked" => new TestTrust(Authority.StoreWith(Authority.Revoke(Bad[name].Leaf))),
        _ => new TestTrust(Authority.Store),
    };

    private static void Check(BadCase bad, TlsResult result)
    {
        Assert.Null(result.Connection);
        Assert.Equal(bad.Refusal, result.Refusal);
        Assert.Contains(bad.Cause, result.Cause, StringComparison.Ordinal);
    }

    internal sealed record BadCase(TestLeaf Leaf, TlsRefusal Refusal, string Cause, int Alert);
}
