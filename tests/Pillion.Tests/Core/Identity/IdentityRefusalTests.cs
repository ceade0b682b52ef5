using Pillion.Certificates;
using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Roles;
using Pillion.Core.Identity;
using Pillion.Tests.Net.Tls;
using Xunit;

namespace Pillion.Tests.Core.Identity;

/// <summary>What a sidecar does not start with, and what it says then.</summary>
public sealed class IdentityRefusalTests : IDisposable
{
    private readonly IdentityFiles _files = new();

    public void Dispose() => _files.Dispose();

    [Fact]
    public void Good_files_make_an_identity()
    {
        var identity = _files.Started();
        Assert.Equal("spiffe://example.org/ns/default/sa/orders", identity.Id.ToString());
        Assert.Equal(_files.Clock.GetUtcNow() + IdentityFiles.Life, identity.NotAfter);
        Assert.Equal("example.org", identity.Bundles.Own);
        Assert.Equal(["example.org"], identity.Bundles.TrustDomains);
        Assert.True(_files.Lifecycle.IsReady);
    }

    [Fact]
    public void A_mistake_names_the_line_of_the_configuration()
    {
        _files.Config = _files.Config with { Key = _files.PathOf("none.pem"), Source = new SourceLine("pillion.yaml", 3, 1, "identity") };
        Assert.Equal([$"pillion.yaml:3: identity: {_files.PathOf("none.pem")}: there is no such file; put it there; for a laptop, 'pillion certs init' makes one"], _files.Start());
    }

    [Fact]
    public void Without_identity_in_the_configuration_readiness_asks_for_none()
    {
        var prepared = _files.Identity.Prepare(null, new WorkloadConfig());
        Assert.Null(prepared.Identity);
        prepared.Commit();
        Assert.True(_files.Lifecycle.IsReady);
        Assert.Null(_files.Identity.Current);
    }

    [Fact]
    public void An_expired_certificate_is_refused_with_the_remedy()
    {
        _files.Clock.Advance(IdentityFiles.Life + TimeSpan.FromSeconds(1));
        AssertMistake("holds a certificate that expired on 2026-02-10 00:00:00Z; renew it");
        File.WriteAllText(_files.PathOf("ca-key.pem"), "");
        AssertMistake($"holds a certificate that expired on 2026-02-10 00:00:00Z; renew it, here with 'pillion certs init --force {_files.Directory} orders'");
    }

    [Fact]
    public void A_certificate_of_the_future_is_refused()
    {
        var (certificate, key) = _files.Authority.Issue(SpiffeId.Parse("spiffe://example.org/orders"), IdentityFiles.Life, _files.Clock.GetUtcNow() + TimeSpan.FromDays(1));
        _files.Write("orders/cert.pem", certificate);
        _files.Write("orders/key.pem", key);
        AssertMistake("holds a certificate that is not valid before 2026-01-01 23:55:00Z; set the clock of this machine or wait");
    }

    [Fact]
    public void A_key_of_another_certificate_is_refused()
    {
        _files.Issue("payments", "spiffe://example.org/ns/default/sa/payments");
        File.Copy(_files.PathOf("payments/key.pem"), _files.PathOf("orders/key.pem"), overwrite: true);
        AssertMistake("make no certificate: the private key does not belong to the certificate '");
    }

    [Fact]
    public void A_chain_that_its_own_bundle_does_not_prove_is_refused()
    {
        using var other = DevelopmentAuthority.Create("example.org", _files.Clock.GetUtcNow());
        _files.Write("orders/bundle.pem", other.CertificatePem);
        AssertMistake($"orders/cert.pem does not verify against {_files.PathOf("orders/bundle.pem")}: ");
    }

    [Fact]
    public void An_expired_authority_is_refused_though_the_leaf_is_good()
    {
        _files.Authority = DevelopmentAuthority.Create("example.org", _files.Clock.GetUtcNow() - DevelopmentAuthority.Life + TimeSpan.FromHours(1));
        var (certificate, key) = new LateAuthority(_files.Authority).Issue(_files.Clock.GetUtcNow(), TimeSpan.FromDays(30));
        _files.Write("orders/cert.pem", certificate);
        _files.Write("orders/key.pem", key);
        _files.Write("orders/bundle.pem", _files.Authority.CertificatePem);
        Assert.Equal([], _files.Start());

        _files.Clock.Advance(TimeSpan.FromHours(2));
        _files.Config = _files.Config with { WarnBefore = TimeSpan.FromHours(1) };
        AssertMistake("does not verify against");
    }

    [Theory]
    [InlineData("", "it has no URI among its alternative names; an X.509-SVID has exactly one")]
    [InlineData("https://example.org/orders", "its URI 'https://example.org/orders' does not begin with spiffe://")]
    [InlineData("spiffe://example.org", "its URI 'spiffe://example.org/' ends with a slash")]
    public void A_certificate_that_is_no_svid_is_refused(string uri, string problem)
    {
        var authority = new TestAuthority();
        var leaf = authority.Issue("orders", uri.Length == 0 ? null : uri);
        _files.Write("orders/cert.pem", leaf.ChainPem);
        _files.Write("orders/key.pem", leaf.KeyPem);
        _files.Write("orders/bundle.pem", authority.Pem);
        AssertMistake($"is not an X.509-SVID: {problem}; have it issued as one");
    }

    [Theory]
    [InlineData("payments", null, null, "is the certificate of spiffe://example.org/ns/default/sa/orders, and the configuration says workload 'payments'; give the certificate of that workload or correct workload")]
    [InlineData("orders", "partner.org", null, "and the configuration says trust_domain 'partner.org'; give the certificate of that trust domain or correct trust_domain")]
    [InlineData("orders", null, "shop", "and the configuration says namespace 'shop'; give the certificate of a workload in that namespace or correct namespace")]
    public void A_certificate_of_somebody_else_is_refused(string workload, string? trustDomain, string? @namespace, string problem)
    {
        _files.Config = _files.Config with { TrustDomain = trustDomain, Namespace = @namespace };
        Assert.Contains(problem, Assert.Single(_files.Start(workload)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("orders")]
    public void What_the_configuration_does_not_say_fits(string workload)
    {
        _files.Config = _files.Config with { TrustDomain = "example.org", Namespace = "default" };
        Assert.Equal([], _files.Start(workload));
    }

    [Theory]
    [InlineData("cert.pem", "", "holds no certificate in PEM; give a file with -----BEGIN CERTIFICATE-----, the leaf first")]
    [InlineData("cert.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "cannot be read")]
    [InlineData("key.pem", "hello", "holds no private key in PEM; give a file with -----BEGIN PRIVATE KEY-----")]
    [InlineData("key.pem", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "make no certificate: the private key cannot be read")]
    [InlineData("bundle.pem", "hello", "makes no bundle of authorities: there is no certificate in it")]
    public void A_file_that_holds_something_else_is_refused_by_its_name(string file, string content, string problem)
    {
        _files.Write($"orders/{file}", content);
        var mistake = Assert.Single(_files.Start());
        Assert.Contains(_files.PathOf($"orders/{file}"), mistake);
        Assert.Contains(problem, mistake);
    }

    [Fact]
    public void A_directory_and_a_file_without_end_are_refused()
    {
        _files.Config = _files.Config with { Bundle = _files.Directory };
        AssertMistake("is a directory; give the path of a file in it");
        if (OperatingSystem.IsLinux())
        {
            _files.Config = _files.Config with { Bundle = "/dev/zero" };
            AssertMistake("/dev/zero is larger than 16 MiB");
        }
    }

    [Fact]
    public void A_revoked_certificate_of_our_own_is_refused()
    {
        var authority = new TestAuthority();
        var leaf = authority.Issue("orders", "spiffe://example.org/orders");
        _files.Write("orders/cert.pem", leaf.ChainPem);
        _files.Write("orders/key.pem", leaf.KeyPem);
        _files.Write("orders/bundle.pem", authority.Pem);
        _files.Write("crl.pem", authority.Revoke());
        _files.Config = _files.Config with { Crl = _files.PathOf("crl.pem") };
        Assert.Equal([], _files.Start());

        _files.Write("revoked.pem", authority.Revoke(leaf));
        _files.Config = _files.Config with { Crl = _files.PathOf("revoked.pem") };
        AssertMistake("was revoked");
    }

    [Fact]
    public void Federated_trust_domains_have_their_own_bundles()
    {
        using var partner = DevelopmentAuthority.Create("partner.org", _files.Clock.GetUtcNow());
        _files.Write("partner.pem", partner.CertificatePem);
        _files.Config = _files.Config with { Federated = [new("partner.org", _files.PathOf("partner.pem"))] };
        Assert.Equal(["example.org", "partner.org"], _files.Started().Bundles.TrustDomains);

        _files.Config = _files.Config with { Federated = [new("example.org", _files.PathOf("partner.pem"))] };
        AssertMistake("federated names our own trust domain example.org");
    }

    private void AssertMistake(string part) => Assert.Contains(part, Assert.Single(_files.Start()));
}
