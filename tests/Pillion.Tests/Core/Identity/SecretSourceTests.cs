using System.Text;
using Pillion.Core.Identity;
using Pillion.Core.Identity.Secrets;
using Pillion.Tests.Net.Tls;
using Xunit;

namespace Pillion.Tests.Core.Identity;

/// <summary>What is made of files, whatever stands in them.</summary>
public sealed class SecretSourceTests : IDisposable
{
    private static readonly TestAuthority Authority = new();

    private readonly IdentityFiles _files = new();

    public void Dispose() => _files.Dispose();

    [Fact]
    public void A_revocation_list_that_is_replaced_makes_a_new_store()
    {
        var leaf = Authority.Issue();
        _files.Write("ca.pem", Authority.Pem);
        _files.Write("crl.pem", Authority.Revoke());
        using var set = _files.Secrets.Begin();
        var secret = set.Trust(new TrustSource(_files.PathOf("ca.pem"), _files.PathOf("crl.pem")), out var fault);
        Assert.Null(fault);
        Assert.Null(leaf.ForTls().ProblemAgainst(secret!.Current, _files.Clock.GetUtcNow()));

        _files.Write("crl.pem", Authority.Revoke(leaf));
        _files.Pass(2);
        Assert.Contains("was revoked", leaf.ForTls().ProblemAgainst(secret.Current, _files.Clock.GetUtcNow()));
    }

    [Theory]
    [InlineData("", "is empty")]
    [InlineData("nothing", "there is no revocation list in it")]
    public void A_revocation_list_that_is_none_is_refused(string list, string problem)
    {
        _files.Write("ca.pem", Authority.Pem);
        _files.Write("crl.pem", list);
        using var set = _files.Secrets.Begin();
        Assert.Null(set.Trust(new TrustSource(_files.PathOf("ca.pem"), _files.PathOf("crl.pem")), out var fault));
        Assert.Contains(problem, fault!.Problem);
    }

    [Fact]
    public void A_chain_ends_when_its_first_certificate_does_and_needs_its_intermediates()
    {
        var middle = new TestAuthority("CN=middle", Authority);
        var leaf = middle.Issue("orders", "spiffe://example.org/ns/default/sa/orders");
        _files.Write("orders/cert.pem", leaf.ChainPem);
        _files.Write("orders/key.pem", leaf.KeyPem);
        _files.Write("orders/bundle.pem", Authority.Pem);
        Assert.Equal([], _files.Start());

        _files.Write("orders/cert.pem", leaf.Certificate.ExportCertificatePem());
        _files.Config = _files.Config with { WarnBefore = TimeSpan.FromDays(1) };
        Assert.Contains("was issued by nobody who is trusted here", Assert.Single(_files.Start()));
    }

    [Fact]
    public void A_certificate_that_is_for_servers_alone_makes_no_identity()
    {
        var leaf = Authority.Issue("orders", "spiffe://example.org/ns/default/sa/orders", purpose: "1.3.6.1.5.5.7.3.1");
        _files.Write("orders/cert.pem", leaf.ChainPem);
        _files.Write("orders/key.pem", leaf.KeyPem);
        _files.Write("orders/bundle.pem", Authority.Pem);
        Assert.Contains("does not verify against", Assert.Single(_files.Start()));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Whatever_stands_in_the_files_makes_a_secret_or_a_fault(int seed)
    {
        var random = new Random(seed);
        var source = new IdentitySource(_files.Config with { Crl = "crl" }, "orders");
        byte[][] good =
        [
            .. new[] { "cert.pem", "key.pem", "bundle.pem" }.Select(name => File.ReadAllBytes(_files.PathOf($"orders/{name}"))), Encoding.ASCII.GetBytes(Authority.Revoke()),
        ];
        for (var i = 0; i < 400; i++)
        {
            var contents = good.Select(content => content.ToArray()).ToArray();
            for (var mutations = random.Next(1, 4); mutations > 0; mutations--)
            {
                ref var content = ref contents[random.Next(contents.Length)];
                content = Mutate(content, good[random.Next(good.Length)], random);
            }

            var loaded = source.Load(contents, _files.Clock.GetUtcNow());
            Assert.True(loaded.Value is null != loaded.Fault is null);
            Assert.DoesNotContain('\n', loaded.Fault?.ToString() ?? "");
        }
    }

    private static byte[] Mutate(byte[] content, byte[] other, Random random)
    {
        var at = random.Next(content.Length + 1);
        switch (random.Next(5))
        {
            case 0 when at < content.Length:
                content[at] = (byte)random.Next(256);
                return content;
            case 1 when at < content.Length:
                // Stays Base64, so that the fault is in what it encodes.
                content[at] = (byte)"ABCDEFGHabcdefgh0123+/="[random.Next(23)];
                return content;
            case 2:
                return content[..at];
            case 3:
                return [.. content[..at], .. other[random.Next(other.Length)..]];
            default:
                return [.. other, .. content[at..]];
        }
    }
}
