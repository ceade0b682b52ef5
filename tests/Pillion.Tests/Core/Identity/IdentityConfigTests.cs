using System.Text.RegularExpressions;
using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Roles;
using Pillion.Tests.ArchitectureTests;
using Pillion.Tests.Configuration;
using Xunit;

namespace Pillion.Tests.Core.Identity;

public sealed partial class IdentityConfigTests
{
    [Fact]
    public void A_directory_is_short_for_its_files() => Assert.Equal(
        new IdentityConfig { Certificate = "./certs/orders/cert.pem", Key = "./certs/orders/key.pem", Bundle = "./certs/orders/bundle.pem" },
        Given.Config("app: 127.0.0.1:8080\nidentity: ./certs/orders\n").Identity);

    [Fact]
    public void Every_setting_is_read() => Assert.Equal(
        new IdentityConfig
        {
            TrustDomain = "example.org",
            Namespace = "shop",
            Certificate = "/c.pem",
            Key = "/k.pem",
            Bundle = "/b.pem",
            Crl = "/crl.pem",
            OcspStaple = "/staple.der",
            Federated = [new("partner.org", "/p.pem")],
            WarnBefore = TimeSpan.FromHours(24),
        },
        Given.Config("""
            app: 127.0.0.1:8080
            identity:
              trust_domain: example.org
              namespace: shop
              certificate: /c.pem
              key: /k.pem
              bundle: /b.pem
              crl: /crl.pem
              ocsp_staple: /staple.der
              federated: { partner.org: /p.pem }
              warn_before: 24h
            """).Identity);

    [Fact]
    public void Without_it_there_is_no_identity() => Assert.Null(Given.Config("app: 127.0.0.1:8080\n").Identity);

    [Theory]
    [InlineData("identity: ''", "pillion.yaml:2:11: identity: is empty; use the directory that 'pillion certs init' wrote for the workload, or a map with certificate, key and bundle")]
    [InlineData("identity: [a]", "pillion.yaml:2:11: identity: is a list; use a map of settings")]
    [InlineData("identity: { certificate: a, key: b }", "pillion.yaml:2:11: identity.bundle: is missing; add it")]
    [InlineData("identity: { certificate: a, key: '', bundle: c }", "pillion.yaml:2:34: identity.key: '' is not a file; use the path of a file")]
    [InlineData("identity: { certificate: a, key: b, bundle: c, trust_domain: Example.org }",
        "pillion.yaml:2:62: identity.trust_domain: 'Example.org' is not a trust domain; use letters in lower case, digits, '.', '-' and '_', such as example.org")]
    [InlineData("identity: { certificate: a, key: b, bundle: c, federated: { 'x/y': z } }",
        "pillion.yaml:2:68: identity.federated['x/y']: 'x/y' has a trust domain with other characters than a-z, 0-9, '.', '-' and '_'; use the name of a trust domain, such as partner.org")]
    [InlineData("identity: { certificate: a, key: b, bundle: c, trust_domain: td, federated: { td: z } }",
        "pillion.yaml:2:77: identity.federated: names our own trust domain td; remove it; its authorities are those in bundle")]
    [InlineData("identity: { certificate: a, key: b, bundle: c, federated: { td: } }", "pillion.yaml:2:65: identity.federated.td: names no file; use the path of a file")]
    [InlineData("identity: { certficate: a, key: b, bundle: c }", "pillion.yaml:2:13: identity.certficate: 'certficate' is not a setting; did you mean 'certificate'?")]
    public void A_mistake_is_told_with_its_place(string line, string expected) =>
        Assert.Contains(expected, Given.Errors($"app: 127.0.0.1:8080\n{line}\n"));

    [Fact]
    public void Every_example_of_the_page_loads()
    {
        var examples = Example().Matches(File.ReadAllText(Repository.PathOf("docs/identity.md")));
        Assert.NotEmpty(examples);
        Assert.All(examples, example => Assert.NotNull(Given.Config(example.Groups["yaml"].Value).Identity));
    }

    [Fact]
    public void A_directory_takes_part_in_the_comparison_of_a_reload() => Assert.Equal(IdentityConfig.OfDirectory("a") with { Source = new SourceLine("f", 1, 1, "x") }, IdentityConfig.OfDirectory("a"));

    [GeneratedRegex("```yaml\n(?<yaml>.*?)```", RegexOptions.Singleline)]
    private static partial Regex Example();
}
