using Pillion.Core.Configuration;
using Pillion.Core.Identity;
using Pillion.Net.Tls;
using Pillion.Tests.Net.Tls;
using Xunit;

namespace Pillion.Tests.Core.Identity;

/// <summary>Whom we believe, judged on a leaf alone and in whole handshakes.</summary>
public sealed class SpiffeTrustTests
{
    private static readonly TestAuthority Own = new("CN=own");
    private static readonly TestAuthority Partner = new("CN=partner");
    private static readonly TrustBundles Bundles = new("own.org", [new("own.org", Own.Store), new("partner.org", Partner.Store)]);

    [Theory]
    [InlineData("spiffe://own.org/ns/a/sa/b")]
    [InlineData("spiffe://partner.org/x")]
    public void Everybody_of_a_known_trust_domain_is_believed_unless_some_are_named(string id)
    {
        var verdict = new SpiffeTrust(Bundles, []).Judge(Leaf(id));
        Assert.Equal((TlsRefusal.None, id), (verdict.Refusal, verdict.Identity));
        Assert.True(Bundles.TryGet(SpiffeId.Parse(id).TrustDomain, out var store));
        Assert.Same(store, verdict.Store);
    }

    [Fact]
    public void Of_another_trust_domain_nobody_is()
    {
        var verdict = new SpiffeTrust(Bundles, []).Judge(Leaf("spiffe://elsewhere.org/x"));
        Assert.Equal(TlsRefusal.WrongTrustDomain, verdict.Refusal);
        Assert.Null(verdict.Store);
        Assert.Equal("its id is spiffe://elsewhere.org/x, and no bundle is known here for that trust domain, only for own.org, partner.org", verdict.Cause);
    }

    [Theory]
    [InlineData("spiffe://own.org/ns/a/sa/b", true)]
    [InlineData("spiffe://own.org/ns/a/sa/c", false)]
    [InlineData("spiffe://own.org/ns/web/sa/x", true)]
    [InlineData("spiffe://partner.org/anybody", true)]
    public void Where_some_are_named_only_they_are(string id, bool allowed)
    {
        var trust = new SpiffeTrust(Bundles, [Pattern("spiffe://own.org/ns/a/sa/b"), Pattern("spiffe://own.org/ns/web/*"), Pattern("spiffe://partner.org")]);
        var verdict = trust.Judge(Leaf(id));
        Assert.Equal(allowed ? TlsRefusal.None : TlsRefusal.WrongName, verdict.Refusal);
        if (!allowed)
        {
            Assert.Equal($"its id is {id}; allowed is spiffe://own.org/ns/a/sa/b, spiffe://own.org/ns/web/*, spiffe://partner.org", verdict.Cause);
        }
    }

    [Fact]
    public void The_rules_for_a_leaf_are_those_of_the_standard()
    {
        Assert.Equal("it has no URI among its alternative names; an X.509-SVID has exactly one", Cause(Leaf() with { UriNames = [] }));
        Assert.Equal("it has 2 URIs among its alternative names; an X.509-SVID has exactly one", Cause(Leaf() with { UriNames = ["spiffe://own.org/a", "spiffe://own.org/b"] }));
        Assert.Equal("it has 2 URIs among its alternative names; an X.509-SVID has exactly one", Cause(Leaf() with { UriNames = ["spiffe://own.org/a", "https://own.org/a"] }));
        Assert.Equal("its URI 'https://own.org/a' does not begin with spiffe://", Cause(Leaf("https://own.org/a")));
        Assert.Equal("its id spiffe://own.org names a trust domain and no workload", Cause(Leaf("spiffe://own.org")));
        Assert.Equal("it is a CA certificate; a workload's is not", Cause(Leaf() with { IsAuthority = true }));
        Assert.Equal("it has no key usage; an X.509-SVID needs digitalSignature", Cause(Leaf() with { KeyUsage = null }));
        Assert.Equal("its key usage lacks digitalSignature", Cause(Leaf() with { KeyUsage = 0b100 }));
        Assert.Equal("its key usage allows signing certificates (keyCertSign or cRLSign); a workload's must not", Cause(Leaf() with { KeyUsage = 0b10_0001 }));
        Assert.Equal("its key usage allows signing certificates (keyCertSign or cRLSign); a workload's must not", Cause(Leaf() with { KeyUsage = 0b100_0001 }));
        Assert.Equal("its URI 'spiffe://own.org/a\\u001b[31m' has a path with other characters than letters, digits, '.', '-' and '_'", Cause(Leaf("spiffe://own.org/a\u001b[31m")));

        static string? Cause(PeerCertificate leaf)
        {
            var verdict = new SpiffeTrust(Bundles, []).Judge(leaf);
            Assert.Equal(TlsRefusal.BadSvid, verdict.Refusal);
            return verdict.Cause;
        }
    }

    [Fact]
    public void Names_that_fit_and_names_that_do_not()
    {
        var leaf = Leaf() with { DnsNames = ["a.example.org"], UriNames = [] };
        Assert.Equal(TlsRefusal.None, new NamesTrust(Own.Store, []).Judge(leaf).Refusal);
        Assert.Null(new NamesTrust(Own.Store, [NameMatcher.OfHost("a.example.org")]).Judge(leaf).Identity);
        var verdict = new NamesTrust(Own.Store, [NameMatcher.OfHost("b.example.org"), new NameMatcher(NameType.Uri, NameMatchKind.Prefix, "spiffe://td/")]).Judge(leaf);
        Assert.Equal((TlsRefusal.WrongName, "it is for 'a.example.org'; expected is DNS b.example.org, URI spiffe://td/*"), (verdict.Refusal, verdict.Cause));
        Assert.Equal(
            "it is for 'a.example.org'; asked for was DNS c.example.org",
            new NamesTrust(Own.Store, [NameMatcher.OfHost("a.example.org")], CertificatePins.None, NameMatcher.OfHost("c.example.org")).Judge(leaf).Cause);
        Assert.Equal(
            "it is for no name but its subject 'CN=x'; expected is DNS b.example.org",
            new NamesTrust(Own.Store, [NameMatcher.OfHost("b.example.org")]).Judge(leaf with { DnsNames = [], Subject = "CN=x" }).Cause);
    }

    [Fact]
    public void A_pin_is_the_hash_of_the_certificate_or_of_its_key()
    {
        var certificate = Own.Issue("a.example.org");
        var leaf = certificate.ForTls().Leaf;
        var key = Convert.ToBase64String(System.Security.Cryptography.SHA256.HashData(certificate.Certificate.PublicKey.ExportSubjectPublicKeyInfo()));
        var withColons = string.Join(':', leaf.Sha256.Chunk(2).Select(pair => new string(pair).ToUpperInvariant()));
        Assert.Equal(leaf.Sha256, CertificatePins.ReadCertificate(withColons));
        Assert.Equal(TlsRefusal.None, Judge(new([leaf.Sha256], [])));
        Assert.Equal(TlsRefusal.None, Judge(new([], [CertificatePins.ReadKey(key)!])));
        Assert.Equal(TlsRefusal.None, Judge(new([new string('0', 64)], [key])));
        Assert.Equal(TlsRefusal.WrongName, Judge(new([new string('0', 64)], [])));
        Assert.Equal(TlsRefusal.WrongName, Judge(new([], [Convert.ToBase64String(new byte[32])])));
        Assert.Null(CertificatePins.ReadCertificate("00:11"));
        Assert.Null(CertificatePins.ReadKey("AAAA"));

        TlsRefusal Judge(CertificatePins pins) => new NamesTrust(Own.Store, [], pins).Judge(leaf).Refusal;
    }

    [Theory]
    [InlineData("spiffe://own.org/client", false, nameof(TlsRefusal.None))]
    [InlineData("spiffe://partner.org/client", true, nameof(TlsRefusal.None))]
    [InlineData("spiffe://own.org/client", true, nameof(TlsRefusal.UnknownIssuer))]
    [InlineData("spiffe://partner.org/client", false, nameof(TlsRefusal.UnknownIssuer))]
    [InlineData("spiffe://elsewhere.org/client", false, nameof(TlsRefusal.WrongTrustDomain))]
    [InlineData("spiffe://own.org/else", false, nameof(TlsRefusal.WrongName))]
    [InlineData(null, false, nameof(TlsRefusal.BadSvid))]
    public void An_authority_vouches_for_its_own_trust_domain_alone(string? id, bool byPartner, string expected)
    {
        using var fixture = new TlsFixture();
        var trust = new SpiffeTrust(Bundles, [Pattern("spiffe://own.org/client"), Pattern("spiffe://partner.org")]);
        fixture.Shaken(
            TlsFixture.ServerSettings with { ClientCertificates = ClientCertificates.Required, Trust = trust },
            TlsFixture.ClientSettings with { Certificate = (byPartner ? Partner : Own).Issue("client", id).ForTls() });
        Assert.Equal(expected, fixture.ServerResult.Refusal.ToString());
        if (fixture.ServerResult.Connection is { } connection)
        {
            Assert.Equal(id, connection.Tls?.PeerIdentity);
        }
    }

    private static SpiffePattern Pattern(string text) => SpiffePattern.TryParse(text, out var pattern, out _) ? pattern : throw new InvalidOperationException(text);

    private static PeerCertificate Leaf(string id = "spiffe://own.org/a") => new()
    {
        Der = default,
        Subject = "CN=leaf",
        Sha256 = new string('f', 64),
        SerialNumber = "01",
        NotBefore = TestAuthority.Begin,
        NotAfter = TestAuthority.End,
        UriNames = [id],
        KeyUsage = 1,
    };
}
