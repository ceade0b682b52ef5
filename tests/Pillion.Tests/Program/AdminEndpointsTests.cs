using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Pillion.Admin;
using Pillion.Core.Configuration.Documents;
using Pillion.Core.Lifecycle;
using Pillion.Core.Signals.Logging;
using Pillion.Core.Signals.Metrics;
using Pillion.Core.Signals.Records;
using Pillion.Reload;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Program;

public sealed class AdminEndpointsTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("pillion-admin-").FullName;
    private readonly ManualTimeProvider _clock = new();
    private readonly Lifecycle _lifecycle;
    private readonly Condition _listeners;
    private readonly LogLevels _levels = new(LogLevel.Information);
    private readonly RecordRing _ring = new();
    private readonly AdminToken _token;
    private readonly AdminEndpoints _endpoints;
    private ReloadStatus _reload = new();

    public AdminEndpointsTests()
    {
        _lifecycle = new Lifecycle(_clock);
        _listeners = _lifecycle.AddCondition("listeners", "not bound yet");
        _token = AdminToken.TryCreate(Path.Combine(_directory, "private", "admin.token"), out _)!;
        _levels.Of("proxy");
        var records = new RequestRecords(_clock);
        records.Add(_ring, action => action());
        _endpoints = new AdminEndpoints(
            new AdminSources
            {
                Lifecycle = _lifecycle,
                Metrics = new MetricRegistry(1, _clock),
                Records = records,
                Levels = _levels,
                ConfigFile = "pillion.yaml",
                Config = () => ConfigDocument.Parse("app: { password: hunter2, url: 'http://me:pw@db/x' }", "pillion.yaml", _ => null, []),
                Reload = () => _reload,
                Listeners = () => [new ListenerView("inbound", "127.0.0.1:15006", "inbound", 3)],
                ClustersAsync = _ => Task.FromResult<IReadOnlyList<ClusterView>>([new ClusterView("orders", "static", "least_request", [new EndpointView("10.0.0.1:80", 1, true, 2)])]),
                Version = "1.2.3",
            },
            _token);
    }

    public void Dispose()
    {
        _token.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task Ready_says_why_not_and_then_that_it_is()
    {
        var before = await GetAsync("/ready");
        Assert.Equal((503, "not ready\nlisteners: not bound yet\n"), (before.Status, Text(before)));
        _listeners.Meet();
        var after = await GetAsync("/ready");
        Assert.Equal((200, "ready\n"), (after.Status, Text(after)));
    }

    [Fact]
    public async Task A_refused_configuration_is_shown_at_ready_without_taking_readiness_away()
    {
        _listeners.Meet();
        _reload = new ReloadStatus { Failed = 1, Mistakes = ["pillion.yaml:3:1: zz: unknown"] };
        var response = await GetAsync("/ready");
        Assert.Equal(200, response.Status);
        Assert.Equal("ready\na newer configuration was refused:\npillion.yaml:3:1: zz: unknown\n", Text(response));
    }

    [Fact]
    public async Task Started_leaves_the_application_out_and_ready_does_not()
    {
        _lifecycle.AddCondition("application", "unhealthy", ConditionScope.Application);
        _listeners.Meet();
        Assert.Equal(200, (await GetAsync("/started")).Status);
        Assert.Equal(503, (await GetAsync("/ready")).Status);
        Assert.Equal(200, (await GetAsync("/live")).Status);
    }

    [Theory]
    [InlineData("/quit")]
    [InlineData("/drain")]
    [InlineData("/logging?level=debug")]
    public async Task What_changes_state_is_a_POST_with_the_token(string target)
    {
        Assert.Equal(401, (await PostAsync(target, null)).Status);
        Assert.Equal(403, (await PostAsync(target, "not-the-token")).Status);
        Assert.False(_lifecycle.StopRequested.IsCompleted);
        Assert.Equal(LogLevel.Information, _levels.Default);
        Assert.InRange((await PostAsync(target, Token())).Status, 200, 202);
    }

    [Fact]
    public async Task A_GET_cannot_stop_anything()
    {
        var response = await GetAsync("/quit");
        Assert.Equal(405, response.Status);
        Assert.Contains(("Allow", "POST"), response.Fields);
        Assert.False(_lifecycle.StopRequested.IsCompleted);
    }

    [Fact]
    public async Task Quit_asks_for_the_end_and_a_second_time_for_it_at_once()
    {
        Assert.Equal("stopping\n", Text(await PostAsync("/quit", Token())));
        Assert.Equal("stopping at once\n", Text(await PostAsync("/quit", Token())));
        Assert.Equal("POST /quit", (await _lifecycle.StopRequested).Reason);
    }

    [Fact]
    public async Task Without_a_token_file_nothing_can_be_changed()
    {
        var endpoints = new AdminEndpoints(Sources(), token: null);
        Assert.Equal(403, (await endpoints.AnswerAsync(new AdminRequest { Method = "POST", Path = "/quit", Host = "localhost", BearerToken = "x" }, default)).Status);
    }

    [Theory]
    [InlineData("localhost", true)]
    [InlineData("LOCALHOST:15000", true)]
    [InlineData("127.0.0.1:15000", true)]
    [InlineData("10.1.2.3", true)]
    [InlineData("[::1]:15000", true)]
    [InlineData("evil.example:15000", false)]
    [InlineData("localhost.evil.example", false)]
    [InlineData("127.0.0.1.evil.example", false)]
    [InlineData("1", false)]
    [InlineData("", false)]
    public async Task Only_names_that_no_stranger_can_point_at_us_are_served(string host, bool served)
    {
        _listeners.Meet();
        Assert.Equal(served ? 200 : 403, (await _endpoints.AnswerAsync(new AdminRequest { Path = "/ready", Host = host }, default)).Status);
    }

    [Fact]
    public async Task Over_a_Unix_socket_any_host_will_do()
    {
        _listeners.Meet();
        Assert.Equal(200, (await _endpoints.AnswerAsync(new AdminRequest { Path = "/ready", Host = "whatever", IsUnixSocket = true }, default)).Status);
    }

    [Fact]
    public async Task The_configuration_is_shown_without_its_secrets()
    {
        var text = Text(await GetAsync("/config"));
        Assert.DoesNotContain("hunter2", text);
        Assert.DoesNotContain("pw@", text);
        var config = JsonDocument.Parse(text).RootElement.GetProperty("config").GetProperty("app");
        Assert.Equal("[redacted]", config.GetProperty("password").GetString());
        Assert.Equal("http://me:[redacted]@db/x", config.GetProperty("url").GetString());
    }

    [Fact]
    public async Task A_request_is_explained_by_its_id()
    {
        var record = _ring.Rent();
        record.Clear();
        record.Id.Set("abc-1"u8);
        record.Target.Set("/<script>alert(1)</script>"u8);
        record.Status = 200;
        _ring.Publish(record);
        Assert.Contains("abc-1", Text(await GetAsync("/explain/abc-1")));
        Assert.Equal("abc-1", JsonDocument.Parse(Text(await GetAsync("/explain/abc-1?format=json"))).RootElement.GetProperty("id").GetString());
        Assert.Equal(404, (await GetAsync("/explain/other")).Status);
        Assert.Equal(400, (await GetAsync("/explain/")).Status);
        var list = await GetAsync("/requests?count=5");
        Assert.Equal("application/json", list.ContentType);
        Assert.Equal(1, JsonDocument.Parse(Text(list)).RootElement.GetArrayLength());
        Assert.Equal(400, (await GetAsync("/requests?count=0")).Status);
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/ready")]
    [InlineData("/page.js")]
    [InlineData("/requests")]
    [InlineData("/nope")]
    public async Task Every_answer_forbids_framing_sniffing_and_foreign_code(string target)
    {
        var fields = (await GetAsync(target)).Fields;
        Assert.Contains(("X-Content-Type-Options", "nosniff"), fields);
        Assert.Contains("default-src 'none'", fields.Single(field => field.Name == "Content-Security-Policy").Value);
    }

    [Fact]
    public async Task The_page_has_no_code_or_style_of_its_own_and_never_writes_markup()
    {
        var page = Text(await GetAsync("/"));
        Assert.DoesNotContain("<script>", page);
        Assert.DoesNotContain("style=", page);
        Assert.DoesNotContain("http", page);
        var script = Text(await GetAsync("/page.js"));
        Assert.DoesNotContain("innerHTML", script);
        Assert.DoesNotContain("insertAdjacent", script);
        Assert.DoesNotContain("document.write", script);
    }

    [Fact]
    public async Task An_unknown_path_names_the_nearest_and_lists_all()
    {
        var response = await GetAsync("/metrcs");
        Assert.Equal(404, response.Status);
        Assert.StartsWith("there is no such page; did you mean /metrics?\n", Text(response));
        foreach (var endpoint in _endpoints.Listed)
        {
            Assert.Contains(endpoint.Path, Text(response));
        }
    }

    [Fact]
    public async Task A_wrong_level_changes_nothing()
    {
        Assert.Equal(400, (await PostAsync("/logging?level=loud", Token())).Status);
        Assert.Equal(404, (await PostAsync("/logging?level=debug&proxi=debug", Token())).Status);
        Assert.Equal(LogLevel.Information, _levels.Default);
        Assert.Equal("default: warn\nproxy: debug\n", Text(await PostAsync("/logging?proxy=debug&level=warn", Token())));
    }

    [Theory]
    [InlineData("/metrics")]
    [InlineData("/stats")]
    [InlineData("/stats?format=json")]
    [InlineData("/listeners")]
    [InlineData("/listeners?format=json")]
    [InlineData("/clusters")]
    [InlineData("/clusters?format=json")]
    [InlineData("/logging")]
    public async Task Every_page_answers(string target)
    {
        var response = await GetAsync(target);
        Assert.Equal(200, response.Status);
        Assert.NotEmpty(Text(response));
    }

    [Fact]
    public void The_token_file_is_readable_by_its_user_only_and_goes_with_the_program()
    {
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_token.Path));
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Path.GetDirectoryName(_token.Path)!));
        }

        Assert.True(_token.Accepts(Token()));
        Assert.False(_token.Accepts(Token()[..^1]));
        Assert.False(_token.Accepts(null));
        _token.Dispose();
        Assert.False(File.Exists(_token.Path));
    }

    [Fact]
    public void A_successors_token_is_left_alone()
    {
        using var successor = AdminToken.TryCreate(_token.Path, out _)!;
        _token.Dispose();
        Assert.True(File.Exists(successor.Path));
    }

    [Theory]
    [InlineData("unix:/run/p/admin.sock", null, null, false, "/run/p/admin.sock.token")]
    [InlineData("127.0.0.1:15000", "/run/user/7", "/home/me", false, "/run/user/7/pillion/15000.admin.token")]
    [InlineData("127.0.0.1:15000", null, "/root", true, "/run/pillion/15000.admin.token")]
    [InlineData("127.0.0.1:15000", null, "/home/me", false, "/home/me/.local/state/pillion/15000.admin.token")]
    [InlineData("127.0.0.1:15000", null, null, false, null)]
    public void The_token_has_a_place_that_only_its_user_can_have_made(string admin, string? runtime, string? home, bool isRoot, string? expected)
    {
        Assert.True(Pillion.Net.Address.TryParse(admin, out var address));
        Assert.Equal(expected, AdminToken.DefaultPath(address, name => name switch { "XDG_RUNTIME_DIR" => runtime, "HOME" => home, _ => null }, isRoot));
    }

    private AdminSources Sources() => new()
    {
        Lifecycle = _lifecycle,
        Metrics = new MetricRegistry(1, _clock),
        Records = new RequestRecords(_clock),
        Levels = _levels,
        ConfigFile = "pillion.yaml",
        Config = () => null,
        Reload = () => _reload,
        Listeners = () => [],
        ClustersAsync = _ => Task.FromResult<IReadOnlyList<ClusterView>>([]),
        Version = "1.2.3",
    };

    private string Token() => File.ReadAllText(_token.Path).Trim();

    private Task<AdminResponse> GetAsync(string target) => _endpoints.AnswerAsync(Request("GET", target, null), default);

    private Task<AdminResponse> PostAsync(string target, string? token) => _endpoints.AnswerAsync(Request("POST", target, token), default);

    private static AdminRequest Request(string method, string target, string? token)
    {
        var parts = target.Split('?', 2);
        return new AdminRequest { Method = method, Path = parts[0], Query = parts.Length > 1 ? parts[1] : "", Host = "127.0.0.1:15000", BearerToken = token };
    }

    private static string Text(AdminResponse response) => Encoding.UTF8.GetString(response.Body.Span);
}
