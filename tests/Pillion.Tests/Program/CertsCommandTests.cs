using System.CommandLine;
using System.Security.Cryptography.X509Certificates;
using Pillion.Certificates;
using Pillion.Commands;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Program;

public sealed class CertsCommandTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("pillion-certs-").FullName;
    private readonly ManualTimeProvider _clock = new();
    private readonly StringWriter _out = new();
    private readonly StringWriter _error = new();

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Init_makes_an_authority_and_an_identity_for_each_workload()
    {
        Assert.Equal(0, Run($"init {_directory}/certs orders payments"));
        Assert.Equal("", _error.ToString());
        using var authority = X509Certificate2.CreateFromPem(Text("certs/ca.pem"));
        foreach (var workload in new[] { "orders", "payments" })
        {
            using var certificate = X509Certificate2.CreateFromPemFile($"{_directory}/certs/{workload}/cert.pem", $"{_directory}/certs/{workload}/key.pem");
            Assert.True(CertificateChecks.IsSignedBy(certificate, authority));
            Assert.Equal([$"spiffe://example.org/ns/default/sa/{workload}"], CertificateFacts.Of(certificate).UriNames);
            Assert.Equal(Text("certs/ca.pem"), Text($"certs/{workload}/bundle.pem"));
            Assert.Contains($"workload: {workload}\n  identity: {_directory}/certs/{workload}\n", _out.ToString());
        }
    }

    [Fact]
    public void Keys_can_be_read_by_their_owner_alone()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        Run($"init {_directory} orders");
        foreach (var key in new[] { "ca-key.pem", "orders/key.pem" })
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(_directory, key)));
        }
    }

    [Fact]
    public void What_is_still_good_is_kept_and_what_is_named_anew_is_added()
    {
        Run($"init {_directory} orders");
        var (authority, orders) = (Text("ca.pem"), Text("orders/cert.pem"));
        Assert.Equal(0, Run($"init {_directory} orders payments"));
        Assert.Equal((authority, orders), (Text("ca.pem"), Text("orders/cert.pem")));
        Assert.True(File.Exists($"{_directory}/payments/cert.pem"));
    }

    [Fact]
    public void An_identity_is_renewed_when_a_third_of_its_life_is_left()
    {
        Run($"init {_directory} orders --life 30d");
        var first = Text("orders/cert.pem");
        _clock.Advance(TimeSpan.FromDays(19));
        Run($"init {_directory}");
        Assert.Equal(first, Text("orders/cert.pem"));
        _clock.Advance(TimeSpan.FromDays(2));
        Run($"init {_directory}");
        Assert.NotEqual(first, Text("orders/cert.pem"));
    }

    [Fact]
    public void Force_renews_all_with_the_life_that_is_asked_for()
    {
        Run($"init {_directory} orders payments --namespace shop");
        var (authority, first) = (Text("ca.pem"), Text("orders/cert.pem"));
        Assert.Equal(0, Run($"init {_directory} --force --life 1h"));
        Assert.Equal(authority, Text("ca.pem"));
        Assert.NotEqual(first, Text("orders/cert.pem"));
        using var certificate = X509Certificate2.CreateFromPem(Text("orders/cert.pem"));
        var facts = CertificateFacts.Of(certificate);
        Assert.Equal(_clock.GetUtcNow() + TimeSpan.FromHours(1), facts.NotAfter);
        Assert.Equal(["spiffe://example.org/ns/shop/sa/orders"], facts.UriNames);
    }

    [Fact]
    public void An_identity_with_another_namespace_or_a_key_of_another_is_made_anew()
    {
        Run($"init {_directory} orders payments");
        var first = Text("orders/cert.pem");
        Run($"init {_directory} orders --namespace shop");
        Assert.NotEqual(first, Text("orders/cert.pem"));

        File.Copy($"{_directory}/payments/key.pem", $"{_directory}/orders/key.pem", overwrite: true);
        var second = Text("orders/cert.pem");
        Run($"init {_directory} orders");
        Assert.NotEqual(second, Text("orders/cert.pem"));
    }

    [Fact]
    public void Authorities_that_somebody_added_to_a_bundle_stay()
    {
        Run($"init {_directory} orders");
        File.AppendAllText($"{_directory}/orders/bundle.pem", "# another\n");
        Run($"init {_directory} --force");
        Assert.EndsWith("# another\n", Text("orders/bundle.pem"));
    }

    [Fact]
    public void An_identity_ends_no_later_than_its_authority()
    {
        Run($"init {_directory} orders");
        _clock.Advance(DevelopmentAuthority.Life - TimeSpan.FromDays(2));
        Run($"init {_directory} orders");
        using var authority = X509Certificate2.CreateFromPem(Text("ca.pem"));
        using var certificate = X509Certificate2.CreateFromPem(Text("orders/cert.pem"));
        Assert.Equal(authority.NotAfter, certificate.NotAfter);
    }

    [Theory]
    [InlineData("init DIR", 2, "name the workloads that need an identity, as in 'pillion certs init DIR orders payments'")]
    [InlineData("init DIR orders/x", 2, "'orders/x' is not the name of a workload; use letters, digits, '-', '_' and '.', beginning with a letter or digit")]
    [InlineData("init DIR ca.pem", 2, "'ca.pem' is not the name of a workload; use letters, digits, '-', '_' and '.', beginning with a letter or digit")]
    [InlineData("init DIR orders --life 1s", 2, "--life: '1s' is not a life of an identity; use 1m to 3652d, such as 1h or 90d")]
    [InlineData("init DIR orders --trust-domain A", 2, "--trust-domain: 'A' is not a trust domain; use letters in lower case, digits, '.', '-' and '_', such as example.org")]
    [InlineData("init DIR orders --namespace a/b", 2, "--namespace: 'a/b' is not a namespace; use letters, digits, '-', '_' and '.', beginning with a letter or digit")]
    [InlineData("show DIR/none.pem", 2, "DIR/none.pem: there is no such file")]
    [InlineData("show DIR", 2, "DIR has neither cert.pem nor ca.pem")]
    public void A_mistake_is_one_line(string line, int code, string expected)
    {
        Assert.Equal(code, Run(line.Replace("DIR", _directory)));
        Assert.Equal($"pillion: {expected.Replace("DIR", _directory)}\n", _error.ToString());
    }

    [Fact]
    public void The_authority_of_another_trust_domain_and_half_an_authority_are_refused()
    {
        Run($"init {_directory} orders");
        Assert.Equal(1, Run($"init {_directory} orders --trust-domain other.org"));
        Assert.Contains($"the authority in {_directory} is that of trust domain example.org; use another directory for other.org", _error.ToString());
        File.Delete($"{_directory}/ca-key.pem");
        Assert.Equal(1, Run($"init {_directory} orders"));
        Assert.Contains($"{_directory}/ca-key.pem is missing; to begin anew, remove {_directory}/ca.pem and {_directory}/ca-key.pem", _error.ToString());
    }

    [Fact]
    public void Show_tells_whose_a_certificate_is_and_finds_nothing_wrong_with_a_new_directory()
    {
        Run($"init {_directory} orders");
        Assert.Equal(0, Run($"show {_directory}"));
        Assert.Contains("  id       spiffe://example.org/ns/default/sa/orders\n", _out.ToString());
        Assert.Contains("  valid    2025-12-31 23:55Z to 2026-04-01 00:00Z, 90 days left\n", _out.ToString());
        Assert.DoesNotContain("WRONG", _out.ToString());
    }

    [Fact]
    public void Show_says_everything_that_is_wrong()
    {
        Run($"init {_directory} orders payments");
        Run($"init {_directory}/other orders");
        File.Copy($"{_directory}/payments/key.pem", $"{_directory}/orders/key.pem", overwrite: true);
        File.Copy($"{_directory}/other/ca.pem", $"{_directory}/payments/bundle.pem", overwrite: true);
        Assert.Equal(1, Run($"show {_directory}"));
        Assert.Contains("  WRONG    key.pem is not the key of the certificate\n", _out.ToString());
        Assert.Contains("  WRONG    the chain does not verify against bundle.pem: ", _out.ToString());

        _clock.Advance(TimeSpan.FromDays(91));
        Assert.Equal(1, Run($"show {_directory}/other/orders/cert.pem"));
        Assert.Contains("expired on 2026-04-01 00:00Z; renew it\n", _out.ToString());
    }

    [Fact]
    public void A_file_without_a_certificate_is_refused()
    {
        File.WriteAllText($"{_directory}/x.pem", "nothing");
        Assert.Equal(2, Run($"show {_directory}/x.pem"));
        Assert.Equal($"pillion: {_directory}/x.pem: holds no certificate in PEM (-----BEGIN CERTIFICATE-----)\n", _error.ToString());
    }

    private int Run(string line)
    {
        var command = CertsCommand.Create(new CommandIo(_out, _error, _ => null), _clock);
        return command.Parse(line.Split(' ')).Invoke();
    }

    private string Text(string name) => File.ReadAllText(Path.Combine(_directory, name));
}
