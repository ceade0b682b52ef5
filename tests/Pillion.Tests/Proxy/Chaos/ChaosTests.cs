using System.Globalization;
using System.Text;
using Pillion.Tests.ArchitectureTests;
using Xunit;

namespace Pillion.Tests.Proxy.Chaos;

/// <summary>What each policy is worth while endpoints die, hang, slow down, answer garbage and come back. The table in the guide is this test's.</summary>
public sealed class ChaosTests
{
    private static readonly (string Name, string Settings)[] Policies =
    [
        ("no policy: never tried again, 15 s time-out", "retries: off"),
        ("a time-out of 1 s", "retries: off\ntimeout: 1s"),
        ("what Pillion does unasked", ""),
        ("retries of failures, 3 attempts", "retries: { on: [connect-failure, refused, reset, gateway-error], attempts: 3 }"),
        ("the same, each attempt at most 250 ms", "retries: { on: [connect-failure, refused, reset, gateway-error], attempts: 3, per_try_timeout: 250ms }"),
    ];

    [Fact]
    public void The_table_in_the_guide_is_what_a_client_sees()
    {
        var table = new StringBuilder("| policy | requests that failed | p50 | p99 | requests at the endpoints for each of the client's |\n|---|---|---|---|---|\n");
        foreach (var (name, settings) in Policies)
        {
            var run = ChaosRun.Of(settings);
            table.Append(CultureInfo.InvariantCulture, $"| {name} | {run.ErrorPercent:0.00} % | {run.Percentile(0.5):0} ms | {run.Percentile(0.99):0} ms | {run.Amplification:0.00} |\n");
        }

        Console.WriteLine(table);
    }
}
