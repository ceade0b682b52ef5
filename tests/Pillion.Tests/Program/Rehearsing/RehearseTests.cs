using System.Text;
using System.Text.Json;
using Pillion.Commands;
using Pillion.Core.Configuration;
using Pillion.Proxy.Configuration;
using Pillion.Rehearsing;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Program.Rehearsing;

public sealed class RehearseTests : IDisposable
{
    private const string Base = """
        app: 127.0.0.1:8080
        outbound:
          port: 15001
          unknown_hosts: refuse
          services:
            shop:
              endpoints: ["10.0.0.1:80"]
              routes:
                - { path: /health, respond: 204 }
                - { prefix: /old, redirect: { path: /new } }
                - { prefix: /beta, headers: { x-beta: "yes" } }
                - { prefix: / }
        """;

    private readonly string _directory = Directory.CreateTempSubdirectory("pillion-rehearse-").FullName;
    private readonly StringWriter _out = new();
    private readonly StringWriter _error = new();

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    /// <summary>The contract: what the proxy itself decided and wrote into its log, a rehearsal of the same configuration decides likewise.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void What_the_proxy_logged_is_what_the_same_configuration_decides(int seed)
    {
        var random = new Random(seed);
        using var proxy = new ProxyFixture(http: http => http with { Routes = Table(random) });
        proxy.Upstream.Answer = _ => "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
        for (var i = 0; i < 150; i++)
        {
            var (method, host, path) = (Pick(random, Methods), Pick(random, Hosts), Pick(random, Paths) + Pick(random, Tails));
            proxy.Request($"{method} {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {Pick(random, Agents)}\r\nContent-Length: 0\r\n\r\n").Close();
        }

        var rehearsal = Rehearse(proxy.Config, proxy.Log);
        Assert.Equal((150, 150, 0), (rehearsal.Requests, rehearsal.Judged, rehearsal.Different));

        // And another table decides otherwise, unless chance made the two alike.
        var other = Rehearse(ProxyFixture.Make(http: http => http with { Routes = new RouteTableConfig() }), proxy.Log);
        Assert.Equal(proxy.Log.Count(line => !line.Contains("\"no_route\"")), other.Different);
    }

    [Fact]
    public async Task Another_route_cluster_redirect_or_none_is_told_with_its_count_and_first_line()
    {
        var log = Log(
            Ours("shop", "/a", "/", "shop"), Ours("shop", "/b", "/", "shop"), Ours("shop", "/health", "=/health", "", 204), Ours("shop", "/old/x", "/old", "", 301), Ours("gone", "/", "unknown_hosts", "", 403));
        Assert.Equal(0, await RunAsync(Base, log));
        Assert.Contains("5 requests in 5 lines, 5 judged\n\nnone of those would be decided differently\n", _out.ToString());

        _out.GetStringBuilder().Clear();
        Assert.Equal(1, await RunAsync(Base.Replace("    - { path: /health, respond: 204 }", "    - { path: /health, respond: 200 }").Replace("{ prefix: /old, redirect: { path: /new } }", "{ prefix: /b, respond: 410 }"), log));
        var text = _out.ToString();
        Assert.Contains("3 would be decided differently:\n", text);
        Assert.Contains("  1  cluster shop by route / -> answer 410 from the configuration by route /b   (", text);
        Assert.Contains("     line 2: GET shop/b\n", text);
        Assert.Contains("answer 204 from the configuration by route =/health -> answer 200 from the configuration by route =/health", text);
        Assert.Contains("redirect 301 by route /old -> cluster shop by route /", text);
    }

    [Fact]
    public async Task What_hangs_on_a_header_that_the_log_does_not_hold_is_not_judged()
    {
        Assert.Equal(1, await RunAsync(Base.Replace("prefix: / ", "prefix: /x "), Log(Ours("shop", "/beta/1", "/", "shop"), Ours("shop", "/a", "/", "shop"))));
        var text = _out.ToString();
        Assert.Contains("2 requests in 2 lines, 1 judged", text);
        Assert.Contains("  1  cluster shop by route / -> cluster shop by route shop   (", text);
        Assert.Contains("1 not judged:\n  1  route /beta asks for the header x-beta, which the log does not hold\n     line 1: GET shop/beta/1\n", text);
    }

    [Fact]
    public async Task A_log_of_Envoys_is_read_by_its_usual_keys()
    {
        var log = Log(
            """{"method":"GET","path":"/new","x_envoy_original_path":"/health","authority":"shop","response_code":204,"response_flags":"-","upstream_cluster":null,"route_name":null}""",
            """{"method":"GET","path":"/a/../old/q","authority":"shop","response_code":301,"response_flags":"-","upstream_cluster":"-"}""",
            """{"method":"GET","path":"/a","authority":"shop","response_code":200,"response_flags":"-","upstream_cluster":"shop"}""",
            """{"method":"GET","path":"/a","authority":"nowhere","response_code":403,"response_flags":"-","upstream_cluster":null}""",
            """{"method":null,"path":null,"authority":null,"response_code":0,"response_flags":"-","upstream_cluster":"tcp"}""");
        Assert.Equal(0, await RunAsync(Base, log, "--listener", "outbound"));
        Assert.Contains("4 requests in 5 lines, 4 judged", _out.ToString());
        Assert.Contains("1 line tells of a connection, not of a request", _out.ToString());
    }

    [Fact]
    public async Task Against_another_configuration_settings_count_too_and_secrets_are_left_out()
    {
        var old = Path.Combine(_directory, "old.yaml");
        await File.WriteAllTextAsync(old, Base, TestContext.Current.CancellationToken);
        Assert.Equal(1, await RunAsync(Base.Replace("{ prefix: / }", "{ prefix: /, timeout: 1s }").Replace("path: /new", "path: /newer"), Log(Ours("shop", "/a?token=s3cret", "whatever", "else"), Ours("shop", "/old", "", "")), "--against", old));
        Assert.Contains("cluster shop by route / -> the same, with other settings or policies", _out.ToString());
        Assert.Contains("redirect 301 to http://shop/new by route /old -> redirect 301 to http://shop/newer by route /old", _out.ToString());
        Assert.DoesNotContain("s3cret", _out.ToString());
    }

    [Fact]
    public async Task As_JSON_it_says_the_same()
    {
        Assert.Equal(1, await RunAsync(Base, Log(Ours("shop", "/a", "/", "elsewhere"), "nonsense"), "--json"));
        using var json = JsonDocument.Parse(_out.ToString());
        Assert.Equal((2, 1, 1, 1), (Number("lines"), Number("judged"), Number("different"), Number("unreadable")));
        var group = json.RootElement.GetProperty("differences")[0];
        Assert.Equal(("cluster elsewhere by route /", "cluster shop by route /", 1), (group.GetProperty("from").GetString(), group.GetProperty("to").GetString(), group.GetProperty("first_line").GetInt32()));

        int Number(string name) => json.RootElement.GetProperty(name).GetInt32();
    }

    [Theory]
    [InlineData("nonsense\n", "line 1 is no JSON, and no line tells of a request; an access log in JSON is needed ('format: json')")]
    [InlineData("", "no line tells of a request")]
    public async Task A_log_without_requests_is_exit_code_2(string log, string expected)
    {
        Assert.Equal(2, await RunAsync(Base, log));
        Assert.EndsWith($"{expected}\n", _error.ToString());
    }

    [Fact]
    public async Task What_cannot_be_read_or_meant_is_exit_code_2()
    {
        Assert.Equal(2, await CommandLine.RunAsync(["rehearse", "x"], new CommandIo(_out, _error, _ => null)));
        Assert.StartsWith("pillion: --log is missing", _error.ToString());
        Assert.Equal(2, await RunAsync(Base, Log(Ours("shop", "/", "/", "shop")), "--listener", "outbond"));
        Assert.Contains("has no HTTP listener 'outbond'; did you mean 'outbound'?", _error.ToString());
        Assert.Equal(2, await RunAsync(Base, Log(Ours("shop", "/", "/", "shop").Replace("outbound", "elsewhere"))));
        Assert.Contains("there is no HTTP listener 'elsewhere' in the configuration", _out.ToString());
    }

    [Fact]
    public void A_line_that_is_longer_than_any_record_is_passed_over_in_bounded_memory()
    {
        var lines = new LogLines(new MemoryStream(Encoding.ASCII.GetBytes($"one\r\n{new string('x', (3 * LogLines.LongestLine) + 17)}\ntwo\n\nlast")));
        var read = new List<string>();
        while (lines.TryNext(out var line))
        {
            read.Add(Encoding.ASCII.GetString(line));
        }

        Assert.Equal(["one", "", "two", "", "last"], read.Select(line => line.Length > 10 ? "long" : line));
        Assert.Equal(5, lines.Number);
    }

    [Fact]
    public void Kinds_of_differences_are_bounded()
    {
        var config = ProxyFixture.Make();
        var rehearsal = Rehearse(config, Enumerable.Range(0, Rehearsal.MostGroups * 3).Select(i => Ours("a", "/", "all", $"cluster-{i}").Replace("outbound", "in")));
        Assert.Equal(Rehearsal.MostGroups * 3, rehearsal.Different);
        Assert.Equal(Rehearsal.MostGroups + 1, rehearsal.DifferentGroups.Count());
        Assert.Equal(rehearsal.Different, rehearsal.DifferentGroups.Sum(group => group.Count));
    }

    private static readonly string[] Methods = ["GET", "POST", "DELETE"];
    private static readonly string[] Hosts = ["a", "b.example", "www.b.example", "c:8080", "nowhere"];
    private static readonly string[] Paths = ["/", "/a", "/a/b", "/%61/b", "//a", "/a/../b", "/b/c/d", "/long"];
    private static readonly string[] Tails = ["", "?q=1", "?q=2&r", "/x"];
    private static readonly string[] Agents = ["curl/8", "Mozilla/5.0", "bot"];

    private static RouteTableConfig Table(Random random) => new()
    {
        VirtualHosts =
        [
            new VirtualHostConfig { Name = "a", Domains = ["a", "*.b.example"], Routes = Routes(random) },
            new VirtualHostConfig { Name = "b", Domains = ["b.example", "c:8080"], Routes = Routes(random) },
        ],
    };

    private static ValueList<RouteConfig> Routes(Random random) =>
        [.. Enumerable.Range(0, random.Next(1, 8)).Select(i => new RouteConfig
        {
            Name = $"route-{i}",
            Match = new RouteMatchConfig
            {
                Path = new PathMatchConfig(Pick(random, [PathMatchKind.Prefix, PathMatchKind.Exact, PathMatchKind.SeparatedPrefix]), Pick(random, ["/", "/a", "/a/b", "/b"])),
                Methods = random.Next(3) == 0 ? [Pick(random, Methods)] : [],
                Query = random.Next(4) == 0 ? [new ValueMatchConfig { Name = "q", Kind = ValueMatchKind.Exact, Value = "1" }] : [],
                Headers = random.Next(4) == 0 ? [new ValueMatchConfig { Name = "user-agent", Kind = ValueMatchKind.Contains, Value = "o" }] : [],
            },
            Action = random.Next(4) switch
            {
                0 => new DirectResponseConfig { Status = 418 },
                1 => new RedirectConfig { Path = "/elsewhere" },
                _ => new ForwardConfig { Cluster = "app" },
            },
        })];

    private static T Pick<T>(Random random, T[] of) => of[random.Next(of.Length)];

    private static Rehearsal Rehearse(ProxyConfig config, IEnumerable<string> lines)
    {
        var rehearsal = new Rehearsal(new Judge(config, listener: null), old: null);
        rehearsal.Run(new LogLines(new MemoryStream(Encoding.UTF8.GetBytes(string.Concat(lines.Select(line => line.TrimEnd('\n') + "\n"))))), default);
        return rehearsal;
    }

    private static string Log(params string[] lines) => string.Concat(lines.Select(line => line + "\n"));

    private static string Ours(string host, string target, string route, string cluster, int status = 200, string failure = "") =>
        $$"""{"time":"2026-11-24T10:00:00.000Z","listener":"outbound","method":"GET","authority":"{{host}}","target":"{{target}}","status":{{status}},"answered_by":"{{(cluster.Length > 0 ? "upstream" : "pillion")}}","route":"{{route}}","cluster":"{{cluster}}","failure":"{{failure}}"}""";

    private async Task<int> RunAsync(string config, string log, params string[] more)
    {
        var (file, logFile) = (Path.Combine(_directory, "new.yaml"), Path.Combine(_directory, "access.json"));
        await File.WriteAllTextAsync(file, config);
        await File.WriteAllTextAsync(logFile, log);
        return await CommandLine.RunAsync(["rehearse", file, "--log", logFile, .. more], new CommandIo(_out, _error, _ => null));
    }
}
