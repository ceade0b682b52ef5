using Microsoft.Extensions.Logging;
using Pillion.Certificates;
using Pillion.Core.Configuration.Roles;
using Pillion.Core.Identity;
using Pillion.Core.Identity.Secrets;
using Pillion.Core.Lifecycle;
using Pillion.Core.Signals.Metrics;
using Pillion.Tests.Support;
using Xunit;
using Machine = Pillion.Core.Lifecycle.Lifecycle;

namespace Pillion.Tests.Core.Identity;

/// <summary>A directory with an authority and an identity in files, and all that watches them, on a clock by hand.</summary>
internal sealed class IdentityFiles : IDisposable
{
    private int _writes;

    public IdentityFiles()
    {
        Lifecycle = new Machine(Clock);
        Metrics = new MetricRegistry(1, Clock);
        Secrets = new SecretStore(Metrics, Clock, Log);
        Identity = new WorkloadIdentity(Secrets, Lifecycle, Clock);
        Authority = DevelopmentAuthority.Create("example.org", Clock.GetUtcNow());
        System.IO.Directory.CreateDirectory(PathOf("orders"));
        Issue("orders");
        Config = IdentityConfig.OfDirectory(PathOf("orders"));
    }

    public static TimeSpan Life { get; } = TimeSpan.FromDays(40);

    public string Directory { get; } = System.IO.Directory.CreateTempSubdirectory("pillion-identity-").FullName;

    public ManualTimeProvider Clock { get; } = new();

    public CollectedLogger Log { get; } = new();

    public Machine Lifecycle { get; }

    public MetricRegistry Metrics { get; }

    public SecretStore Secrets { get; }

    public WorkloadIdentity Identity { get; }

    public DevelopmentAuthority Authority { get; set; }

    public IdentityConfig Config { get; set; }

    public IEnumerable<string> Warnings => Log.Lines.Where(line => line.Level == LogLevel.Warning).Select(line => line.Text);

    public string PathOf(string name) => Path.Combine(Directory, name);

    /// <summary>Each write has a time of its own, however fast the test is and however coarse the file system.</summary>
    public void Write(string name, string text)
    {
        File.WriteAllText(PathOf(name), text);
        File.SetLastWriteTimeUtc(PathOf(name), DateTime.UnixEpoch.AddDays(20_000).AddSeconds(_writes++));
    }

    /// <summary>Writes chain, key and bundle into a directory as the configuration expects them.</summary>
    public void Issue(string directory, string id = "spiffe://example.org/ns/default/sa/orders", TimeSpan? life = null)
    {
        var (certificate, key) = Authority.Issue(SpiffeId.Parse(id), life ?? Life, Clock.GetUtcNow());
        System.IO.Directory.CreateDirectory(PathOf(directory));
        Write($"{directory}/cert.pem", certificate);
        Write($"{directory}/key.pem", key);
        Write($"{directory}/bundle.pem", Authority.CertificatePem);
    }

    public IReadOnlyList<string> Start(string workload = "orders")
    {
        var prepared = Identity.Prepare(Config, new WorkloadConfig { Name = workload });
        if (prepared.Mistakes.Count > 0)
        {
            prepared.Abandon();
            return prepared.Mistakes;
        }

        prepared.Commit();
        return [];
    }

    public IdentitySnapshot Started()
    {
        Assert.Equal([], Start());
        return Identity.Current!;
    }

    /// <summary>The watching task's work of so many seconds.</summary>
    public void Pass(int seconds)
    {
        for (var second = 0; second < seconds; second++)
        {
            Clock.Advance(TimeSpan.FromSeconds(1));
            Secrets.LookAtAll();
        }
    }

    /// <summary>A jump in time, and then one look.</summary>
    public void Pass(TimeSpan time)
    {
        Clock.Advance(time);
        Secrets.LookAtAll();
    }

    public double Metric(string name) =>
        Metrics.Collect(usedOnly: false).SingleOrDefault(family => family.PrometheusName(MetricNaming.Pillion) == name)?.Series.SingleOrDefault()?.Value
        ?? throw new InvalidOperationException($"there is no series of {name}");

    public void Dispose()
    {
        Authority.Dispose();
        System.IO.Directory.Delete(Directory, recursive: true);
    }
}
