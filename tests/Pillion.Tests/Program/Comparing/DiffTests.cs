using System.Text.Json;
using Pillion.Commands;
using Pillion.Comparing;
using Pillion.Proxy.Configuration;
using Pillion.Tests.ArchitectureTests;
using Xunit;

namespace Pillion.Tests.Program.Comparing;

public sealed class DiffTests : IDisposable
{
    private const string Base = """
        app: 127.0.0.1:8080
        inbound: { port: 15006 }
        outbound:
          port: 15001
          services:
            orders: { endpoints: ["10.0.0.1:80"] }
            payments:
              endpoints: ["10.0.0.2:80"]
              timeout: 3s
              routes:
                - { prefix: /v1, fault: { abort: { status: 503, percent: 1% } } }
                - { prefix: /v2 }
        """;

    private readonly string _directory = Directory.CreateTempSubdirectory("pillion-diff-").FullName;
    private readonly StringWriter _out = new();
    private readonly StringWriter _error = new();

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task The_same_is_exit_code_0()
    {
        Assert.Equal(0, await DiffAsync(Base, Base));
        Assert.EndsWith("say the same\n", _out.ToString());
    }

    [Fact]
    public async Task Another_way_to_write_it_is_the_same()
    {
        Assert.Equal(0, await DiffAsync(Base, "# a comment\n\n" + Base.Replace("3s", "3000ms").Replace("{ port: 15006 }", "\n  port: 15006")));
        Assert.EndsWith("are written differently and mean the same\n", _out.ToString());
    }

    [Fact]
    public async Task A_changed_setting_is_told_with_both_lines_and_what_it_does()
    {
        Assert.Equal(1, await DiffAsync(Base, "workload: x\n" + Base.Replace("timeout: 3s", "timeout: 5s")));
        Assert.Contains("  ~ outbound.services.payments.timeout: 3s -> 5s   (line 9 -> 10)\n", _out.ToString());
        Assert.Contains("  ~ route outbound > payments > /v2   (", _out.ToString());
        Assert.Contains("From the next request on, on open connections too.", _out.ToString());
        Assert.DoesNotContain("cluster payments", _out.ToString());
    }

    [Fact]
    public async Task A_cluster_that_changes_says_that_its_connections_are_made_anew()
    {
        Assert.Equal(1, await DiffAsync(Base, Base.Replace("10.0.0.1:80\"", "10.0.0.1:80\", \"10.0.0.9:80\"")));
        Assert.Contains("  + outbound.services.orders.endpoints[10.0.0.9:80]: 10.0.0.9:80   (line 6)\n", _out.ToString());
        Assert.Contains("  ~ cluster orders   (", _out.ToString());
        Assert.Contains("It is made anew: requests under way end on the old connections", _out.ToString());
        Assert.DoesNotContain("cluster payments", _out.ToString());
    }

    [Fact]
    public async Task A_listener_that_moves_is_bound_before_the_old_one_is_closed()
    {
        await DiffAsync(Base, Base.Replace("15006", "15007"));
        Assert.Contains("It moves: 0.0.0.0:15007 is bound first (where it cannot be, the whole file is refused), then 0.0.0.0:15006 is closed", _out.ToString());
    }

    [Fact]
    public async Task A_filter_that_changes_forgets_what_it_remembered()
    {
        await DiffAsync(Base, Base.Replace("percent: 1%", "percent: 2%"));
        Assert.Contains("  ~ filter fault at outbound.services.payments.routes[0].fault (outbound)", _out.ToString());
        Assert.Contains("begins anew", _out.ToString());
    }

    [Fact]
    public async Task What_is_new_and_what_is_gone_is_told()
    {
        await DiffAsync(Base, Base.Replace("orders:", "refunds:"));
        Assert.Contains("  + outbound.services.refunds: { endpoints: [10.0.0.1:80] }   (line 6)\n", _out.ToString());
        Assert.Contains("  - outbound.services.orders: { endpoints: [10.0.0.1:80] } is gone   (line 6)\n", _out.ToString());
        Assert.Contains("  + cluster refunds", _out.ToString());
        Assert.Contains("  - cluster orders", _out.ToString());
    }

    [Fact]
    public async Task The_order_of_routes_counts()
    {
        await DiffAsync(Base, Base.Replace("        - { prefix: /v2 }", "").Replace("      routes:", "      routes:\n        - { prefix: /v2 }"));
        Assert.Contains("payments.routes (order): [prefix: /v1] [prefix: /v2] -> [prefix: /v2] [prefix: /v1]", _out.ToString());
        Assert.Contains("~ order of routes outbound > payments", _out.ToString());
    }

    [Fact]
    public async Task Secrets_are_left_out()
    {
        const string Header = "request_headers: { set: { authorization: Bearer s3cretA } }";
        await DiffAsync(Base.Replace("timeout: 3s", Header), Base.Replace("timeout: 3s", Header.Replace("s3cretA", "s3cretB")));
        Assert.DoesNotContain("s3cret", _out.ToString());
        Assert.Contains("authorization: [redacted] -> another [redacted]", _out.ToString());
    }

    [Fact]
    public async Task As_JSON_it_says_the_same()
    {
        Assert.Equal(1, await DiffAsync(Base, Base.Replace("timeout: 3s", "timeout: 5s"), "--json"));
        using var json = JsonDocument.Parse(_out.ToString());
        Assert.False(json.RootElement.GetProperty("same").GetBoolean());
        var written = json.RootElement.GetProperty("written")[0];
        Assert.Equal(("changed", "3s", "5s", 9, 9), (written.GetProperty("change").GetString(), written.GetProperty("from").GetString(), written.GetProperty("to").GetString(), written.GetProperty("old_line").GetInt32(), written.GetProperty("new_line").GetInt32()));
        var fields = json.RootElement.GetProperty("consequences")[0].GetProperty("fields");
        Assert.Contains(fields.EnumerateArray(), field => field.GetProperty("path").GetString() == "action.timeout" && field.GetProperty("to").GetString() == "5s");
    }

    [Fact]
    public async Task A_mistake_is_exit_code_2_with_its_line()
    {
        Assert.Equal(2, await DiffAsync(Base, Base.Replace("timeout: 3s", "timeuot: 3s")));
        Assert.Contains(":9:7: outbound.services.payments.timeuot: ", _error.ToString());
        Assert.Empty(_out.ToString());
        Assert.Equal(2, await RunAsync("/nope/a.yaml", "/nope/b.yaml"));
    }

    [Fact]
    public async Task Pillions_file_and_Envoys_are_compared_by_what_they_mean()
    {
        Assert.Equal(1, await RunAsync(Repository.PathOf("samples/envoy-pattern.yaml"), Repository.PathOf("samples/envoy-pattern-in-pillion.yaml")));
        Assert.DoesNotContain("Written differently", _out.ToString());
        Assert.Contains("chains[0].http.use_remote_address: False -> True", _out.ToString());
        Assert.DoesNotContain("all_chains", _out.ToString());
    }

    // Whatever two samples say, a comparison ends and agrees with equality.
    [Fact]
    public async Task Any_two_samples_can_be_compared()
    {
        var samples = Directory.GetFiles(Repository.PathOf("samples"), "*.yaml").Where(file => PillionConfig.Load(file, _ => null).Config is not null).Order(StringComparer.Ordinal).ToList();
        Assert.True(samples.Count > 10);
        foreach (var old in samples)
        {
            foreach (var now in samples)
            {
                _out.GetStringBuilder().Clear();
                Assert.Equal(PillionConfig.Load(old, _ => null).Config == PillionConfig.Load(now, _ => null).Config ? 0 : 1, await RunAsync(old, now));
                if (old != now)
                {
                    Assert.Contains("would change at run time", _out.ToString());
                }
            }
        }
    }

    [Fact]
    public void Every_difference_of_two_records_is_found_among_their_printed_fields()
    {
        var old = new ClusterConfig { Name = "a, B = c", Endpoints = [new() { Address = new("::1", 80) }, new() { Address = new("10.0.0.1", 80), Weight = 2 }] };
        Assert.Empty(RecordFields.Differing(old, old with { }));
        Assert.Equal([("connect_timeout", "5s", "7s")], RecordFields.Differing(old, old with { ConnectTimeout = TimeSpan.FromSeconds(7) }));
        Assert.Equal([("endpoints[1].weight", "2", "3")], RecordFields.Differing(old, old with { Endpoints = [old.Endpoints[0], old.Endpoints[1] with { Weight = 3 }] }));
        Assert.NotEmpty(RecordFields.Differing(old, old with { Name = "a, B = d" }));
    }

    [Theory]
    [InlineData("")]
    [InlineData("A { ")]
    [InlineData("A { B = ")]
    [InlineData("A { B = [")]
    [InlineData("A { B = [C { D = ]] }")]
    [InlineData("[[[[ } } , = ")]
    [InlineData("A { B = x, y } z, C = } }")]
    public void What_is_not_printed_by_a_record_does_no_harm(string text) => RecordFields.Of(new Printed(text));

    private Task<int> DiffAsync(string old, string now, params string[] more)
    {
        var (a, b) = (Path.Combine(_directory, "old.yaml"), Path.Combine(_directory, "new.yaml"));
        File.WriteAllText(a, old);
        File.WriteAllText(b, now);
        return RunAsync([a, b, .. more]);
    }

    private Task<int> RunAsync(params string[] arguments) => CommandLine.RunAsync(["diff", .. arguments], new CommandIo(_out, _error, _ => null));

    private sealed class Printed(string text)
    {
        public override string ToString() => text;
    }
}
