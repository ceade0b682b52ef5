using System.Globalization;
using System.Text;
using Pillion.Tests.ArchitectureTests;
using Xunit;

namespace Pillion.Tests.Proxy.Chaos;

/// <summary>What each policy is worth while endpoints die, hang, slow down, answer garbage and come back. The table in the guide is this test's.</summary>
public sealed class ChaosTests
{
    private const string Begin = "<!-- chaos -->\n";
    private const string End = "<!-- /chaos -->";
    private const string Retries = "on: [connect-failure, refused, reset, 5xx], attempts: 3";
    private const string Health = "health: { http: /, interval: 2s, timeout: 500ms, failures: 2 }";
    private const string Outliers = "outliers: { consecutive_5xx: 3, max_ejection_percent: 60%, base_ejection_time: 5s }";

    private static readonly (string Name, string Settings)[] Policies =
    [
        ("none: never tried again, 15 s time-out", "retries: off"),
        ("`timeout: 1s`", "retries: off\ntimeout: 1s"),
        ("what Pillion does unasked", ""),
        ("limits: 20 requests at a time", "retries: off\nlimits: { max_requests: 20 }"),
        ("health checks", $"retries: off\n{Health}"),
        ("outlier detection, `outliers: on`", "retries: off\noutliers: on"),
        ("outlier detection, up to 60 % out, after 3 failures", $"retries: off\n{Outliers}"),
        ("retries, 3 attempts, budget 20 %", $"retries: {{ {Retries} }}"),
        ("the same, each at most 250 ms", $"retries: {{ {Retries}, per_try_timeout: 250ms }}"),
        ("the same, budget 100 %", $"retries: {{ {Retries}, per_try_timeout: 250ms, budget: 100% }}"),
        ("the same, hedged", $"timeout: 2s\nretries: {{ {Retries}, per_try_timeout: 250ms, budget: 100%, hedge: true }}"),
        ("health checks; outlier detection up to 60 %; retries of 250 ms, budget 20 %", $"retries: {{ {Retries}, per_try_timeout: 250ms }}\n{Health}\n{Outliers}"),
        ("the same, budget 100 %, `balancer: peak_ewma`", $"retries: {{ {Retries}, per_try_timeout: 250ms, budget: 100% }}\nbalancer: peak_ewma\n{Health}\n{Outliers}"),
    ];

    [Fact]
    public void The_table_in_the_guide_is_what_a_client_sees()
    {
        var table = new StringBuilder("| policies of the service | requests that failed | p50 | p99 | tries at the endpoints for each request |\n|---|---|---|---|---|\n");
        var failed = new List<double>();
        foreach (var (name, settings) in Policies)
        {
            var run = ChaosRun.Of(settings);
            failed.Add(run.ErrorPercent);
            table.Append(CultureInfo.InvariantCulture, $"| {name} | {run.ErrorPercent:0.00} % | {run.Percentile(0.5):0} ms | {run.Percentile(0.99):0} ms | {run.Amplification:0.00} |\n");
        }

        var file = Path.Combine(Repository.Root, "docs", "policies", "README.md");
        var page = File.ReadAllText(file);
        var at = page.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length;
        var rest = page[page.IndexOf(End, StringComparison.Ordinal)..];
        if (Environment.GetEnvironmentVariable("PILLION_APPROVE") == "1")
        {
            File.WriteAllText(file, page = page[..at] + table + rest);
        }

        Assert.Equal(table.ToString(), page[at..page.IndexOf(End, StringComparison.Ordinal)]);

        // Whatever the figures are: everything together is worth most of all, and by far.
        Assert.True(failed[^1] * 20 < failed[0], table.ToString());
    }
}
