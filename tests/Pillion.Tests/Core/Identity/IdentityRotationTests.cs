using Microsoft.Extensions.Logging;
using Pillion.Certificates;
using Pillion.Core.Configuration.Roles;
using Pillion.Core.Identity;
using Pillion.Core.Identity.Secrets;
using Pillion.Net.Posix;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Core.Identity;

/// <summary>Files that change while the sidecar runs.</summary>
public sealed class IdentityRotationTests : IDisposable
{
    private readonly IdentityFiles _files = new();

    public void Dispose() => _files.Dispose();

    [Fact]
    public void A_renewed_certificate_is_taken_and_told()
    {
        var first = _files.Started();
        var changes = 0;
        var prepared = _files.Identity.Prepare(_files.Config, new WorkloadConfig { Name = "orders" });
        prepared.Identity!.Changed += () => changes++;
        Assert.Same(first, prepared.Identity.Current);

        _files.Clock.Advance(TimeSpan.FromDays(20));
        _files.Issue("orders");
        _files.Pass(2);

        var second = _files.Identity.Current!;
        Assert.NotSame(first, second);
        Assert.Same(second, prepared.Identity.Current);
        Assert.Equal(TimeSpan.FromDays(20), Rounded(second.NotAfter - first.NotAfter));
        Assert.Equal(1, changes);
        Assert.Equal(1, _files.Metric("pillion_secret_renewals_total"));
        Assert.Equal(IdentityFiles.Life.TotalSeconds, _files.Metric("pillion_certificate_expires_in_seconds"), tolerance: 5);
        Assert.Contains(_files.Log.Lines, line => line.Text.Contains("was renewed: spiffe://example.org/ns/default/sa/orders, until 2026-03-02 "));
    }

    [Fact]
    public void A_file_that_was_only_touched_is_no_rotation()
    {
        var first = _files.Started();
        File.SetLastWriteTimeUtc(_files.PathOf("orders/cert.pem"), new DateTime(2030, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        _files.Pass(40);
        Assert.Same(first, _files.Identity.Current);
    }

    [Fact]
    public async Task The_symbolic_link_of_a_mounted_secret_is_swapped()
    {
        // As the kubelet lays it out: cert.pem -> ..data/cert.pem, ..data -> ..<time>.
        _files.Issue("mount/..1");
        _files.Issue("mount/..2");
        File.CreateSymbolicLink(_files.PathOf("mount/..data"), "..1");
        foreach (var name in new[] { "cert.pem", "key.pem", "bundle.pem" })
        {
            File.CreateSymbolicLink(_files.PathOf($"mount/{name}"), $"..data/{name}");
        }

        _files.Config = IdentityConfig.OfDirectory(_files.PathOf("mount"));
        var first = _files.Started();
        File.CreateSymbolicLink(_files.PathOf("mount/..data_tmp"), "..2");
        await MoveAsync("mount/..data_tmp", "mount/..data");
        _files.Pass(2);
        Assert.NotSame(first, _files.Identity.Current);
    }

    [Fact]
    public void Chain_and_key_may_be_replaced_one_after_the_other()
    {
        var first = _files.Started();
        _files.Issue("next");
        File.Copy(_files.PathOf("next/cert.pem"), _files.PathOf("orders/cert.pem"), overwrite: true);
        _files.Pass(5);
        Assert.Same(first, _files.Identity.Current);
        File.Copy(_files.PathOf("next/key.pem"), _files.PathOf("orders/key.pem"), overwrite: true);
        _files.Pass(2);
        Assert.NotSame(first, _files.Identity.Current);
        Assert.Empty(_files.Warnings);
    }

    [Fact]
    public void A_pair_that_goes_on_not_fitting_is_warned_of_once_and_taken_when_it_fits()
    {
        var first = _files.Started();
        _files.Issue("next");
        File.Copy(_files.PathOf("next/cert.pem"), _files.PathOf("orders/cert.pem"), overwrite: true);
        _files.Pass(120);
        Assert.Same(first, _files.Identity.Current);
        var warning = Assert.Single(_files.Warnings);
        Assert.Contains("the private key does not belong to the certificate", warning);
        Assert.Contains("the one from before stays in use", warning);
        Assert.Equal(1, _files.Metric("pillion_secret_renewals_refused_total"));

        File.Copy(_files.PathOf("next/key.pem"), _files.PathOf("orders/key.pem"), overwrite: true);
        _files.Pass(2);
        Assert.NotSame(first, _files.Identity.Current);
    }

    [Fact]
    public void A_new_authority_may_come_before_or_after_the_certificate_it_issued()
    {
        var first = _files.Started();
        var old = _files.Authority;
        _files.Authority = DevelopmentAuthority.Create("example.org", _files.Clock.GetUtcNow());
        _files.Issue("next");
        File.Copy(_files.PathOf("next/cert.pem"), _files.PathOf("orders/cert.pem"), overwrite: true);
        File.Copy(_files.PathOf("next/key.pem"), _files.PathOf("orders/key.pem"), overwrite: true);
        _files.Pass(3);
        Assert.Same(first, _files.Identity.Current);

        _files.Write("orders/bundle.pem", old.CertificatePem + _files.Authority.CertificatePem);
        _files.Pass(2);
        Assert.NotSame(first, _files.Identity.Current);
        Assert.Empty(_files.Warnings);
        old.Dispose();
    }

    [Theory]
    [InlineData("cert.pem", "garbage", "holds no certificate in PEM")]
    [InlineData("cert.pem", "", "holds no certificate in PEM")]
    [InlineData("key.pem", "garbage", "holds no private key in PEM")]
    [InlineData("bundle.pem", "garbage", "makes no bundle of authorities")]
    public void Garbage_keeps_the_old_one_with_one_warning(string file, string content, string problem)
    {
        var first = _files.Started();
        _files.Write($"orders/{file}", content);
        _files.Pass(200);
        Assert.Same(first, _files.Identity.Current);
        Assert.Contains(problem, Assert.Single(_files.Warnings));
        Assert.Equal(1, _files.Metric("pillion_secret_renewals_refused_total"));
        Assert.True(_files.Lifecycle.IsReady);
    }

    [Fact]
    public void A_file_that_is_taken_away_keeps_the_old_one_with_one_warning()
    {
        var first = _files.Started();
        File.Delete(_files.PathOf("orders/key.pem"));
        _files.Pass(200);
        Assert.Same(first, _files.Identity.Current);
        Assert.Contains("there is no such file", Assert.Single(_files.Warnings));
    }

    [Fact]
    public void An_expired_replacement_is_refused()
    {
        var first = _files.Started();
        _files.Issue("orders", life: TimeSpan.FromMinutes(-1));
        _files.Pass(60);
        Assert.Same(first, _files.Identity.Current);
        Assert.Contains("holds a certificate that expired on", Assert.Single(_files.Warnings));
    }

    [Fact]
    public void The_certificate_of_another_workload_is_refused_as_a_replacement()
    {
        var first = _files.Started();
        _files.Issue("orders", "spiffe://example.org/ns/default/sa/payments");
        _files.Pass(60);
        Assert.Same(first, _files.Identity.Current);
        Assert.Contains("and the configuration says workload 'orders'", Assert.Single(_files.Warnings));
    }

    [Fact]
    public void A_replacement_that_is_not_valid_yet_is_taken_when_it_is()
    {
        var first = _files.Started();
        var (certificate, key) = _files.Authority.Issue(SpiffeId.Parse("spiffe://example.org/ns/default/sa/orders"), IdentityFiles.Life, _files.Clock.GetUtcNow() + TimeSpan.FromMinutes(15));
        _files.Write("orders/cert.pem", certificate);
        _files.Write("orders/key.pem", key);
        _files.Pass(60);
        Assert.Same(first, _files.Identity.Current);
        Assert.Contains("is not valid before 2026-01-01 00:10:00Z", Assert.Single(_files.Warnings));
        _files.Pass(TimeSpan.FromMinutes(10));
        Assert.NotSame(first, _files.Identity.Current);
    }

    [Fact]
    public void A_change_that_the_stamp_does_not_show_is_found_by_the_content()
    {
        var first = _files.Started();
        var path = _files.PathOf("orders/bundle.pem");
        var (time, text) = (File.GetLastWriteTimeUtc(path), File.ReadAllText(path));
        _files.Pass(1);
        // The same size and the same time, as a file system with coarse times would have it.
        File.WriteAllText(path, text[..^1] + " ");
        File.SetLastWriteTimeUtc(path, time);
        _files.Pass(40);
        Assert.NotSame(first, _files.Identity.Current);
    }

    [Fact]
    public void Two_configurations_that_name_the_same_files_share_one_watch_until_both_are_gone()
    {
        using var first = _files.Secrets.Begin();
        var second = _files.Secrets.Begin();
        var source = new CertificateSource(_files.PathOf("orders/cert.pem"), _files.PathOf("orders/key.pem"));
        var secret = first.Certificate(source, out _)!;
        Assert.Same(secret, first.Certificate(source with { }, out _));
        Assert.Same(secret, second.Certificate(source with { }, out _));
        first.Dispose();
        Assert.Equal(1, secret.Users);
        second.Dispose();
        Assert.Equal(0, secret.Users);

        var again = _files.Secrets.Begin();
        Assert.NotSame(secret, again.Certificate(source, out _));
        again.Dispose();
    }

    [Fact]
    public void What_stands_in_the_configuration_itself_is_a_secret_too()
    {
        using var set = _files.Secrets.Begin();
        var chain = SecretPart.Inline(File.ReadAllText(_files.PathOf("orders/cert.pem")));
        var secret = set.Certificate(new CertificateSource(chain, SecretPart.Inline(File.ReadAllText(_files.PathOf("orders/key.pem")))), out var fault);
        Assert.Null(fault);
        var first = secret!.Current;
        _files.Pass(60);
        Assert.Same(first, secret.Current);

        Assert.Null(set.Certificate(new CertificateSource(chain, SecretPart.Inline("a key")), out fault));
        Assert.Equal("what stands in the configuration holds no private key in PEM", fault!.Problem);
        Assert.Null(set.Certificate(new CertificateSource(chain, _files.PathOf("orders/key.pem"), SecretPart.InlineBase64("AAAA")), out fault));
        Assert.Contains("the OCSP response cannot be read; it must be in DER", fault!.Problem);
    }

    [Fact]
    public void An_abandoned_preparation_leaves_what_runs_alone()
    {
        var running = _files.Started();
        _files.Issue("other");
        var prepared = _files.Identity.Prepare(IdentityConfig.OfDirectory(_files.PathOf("other")), new WorkloadConfig());
        Assert.NotNull(prepared.Identity);
        prepared.Abandon();
        Assert.Same(running, _files.Identity.Current);
        _files.Issue("orders");
        _files.Pass(2);
        Assert.NotSame(running, _files.Identity.Current);
    }

    [Fact]
    public void Readiness_lasts_until_the_certificate_has_really_ended_and_comes_back_with_a_new_one()
    {
        _files.Started();
        _files.Pass(IdentityFiles.Life - TimeSpan.FromSeconds(2));
        Assert.True(_files.Lifecycle.IsReady);
        Assert.Equal(
            "spiffe://example.org/ns/default/sa/orders, until 2026-02-10 00:00:00Z, 2 s left",
            _files.Lifecycle.Conditions.Single(condition => condition.Name == "identity").Detail!());

        _files.Pass(3);
        Assert.False(_files.Lifecycle.IsReady);
        Assert.Equal(
            ["identity: the certificate of spiffe://example.org/ns/default/sa/orders ended on 2026-02-10 00:00:00Z; renew it in its place; the new one is taken without a restart"],
            _files.Lifecycle.Reasons());
        Assert.True(_files.Metric("pillion_certificate_expires_in_seconds") < 0);
        Assert.Contains(_files.Log.Lines, line => line.Level == LogLevel.Error && line.Text.Contains("peers refuse it"));

        _files.Issue("orders");
        _files.Pass(2);
        Assert.True(_files.Lifecycle.IsReady);
    }

    [Fact]
    public async Task The_watch_looks_each_second_and_ends_when_told()
    {
        var first = _files.Started();
        using var stop = new CancellationTokenSource();
        var watching = _files.Secrets.WatchAsync(stop.Token);
        _files.Issue("orders");
        for (var second = 1; second <= 2; second++)
        {
            await Eventually.IsAsync(() => _files.Clock.HasTimerAt(TimeSpan.FromSeconds(second)));
            _files.Clock.Advance(TimeSpan.FromSeconds(1));
        }

        await Eventually.IsAsync(() => !ReferenceEquals(first, _files.Identity.Current));
        await stop.CancelAsync();
        await watching;
    }

    private async Task MoveAsync(string from, string to)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        using var processes = new ChildProcesses(reapOrphans: false);
        var move = processes.Start(new SpawnOptions { Command = ["mv", "-T", _files.PathOf(from), _files.PathOf(to)] });
        Assert.Equal(0, (await move.Child!.Exited).Code);
    }

    private static TimeSpan Rounded(TimeSpan time) => TimeSpan.FromMinutes(Math.Round(time.TotalMinutes));
}
