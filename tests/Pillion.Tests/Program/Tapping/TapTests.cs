using System.Buffers;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Pillion.Admin;
using Pillion.Core.Configuration.Roles;
using Pillion.Core.Lifecycle;
using Pillion.Core.Signals;
using Pillion.Core.Signals.Logging;
using Pillion.Core.Signals.Metrics;
using Pillion.Core.Signals.Records;
using Pillion.Core.Signals.Watching;
using Pillion.Net;
using Pillion.Net.Http;
using Pillion.Reload;
using Pillion.Tapping;
using Pillion.Tests.Core.Signals;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Program.Tapping;

public sealed class TapTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("pillion-tap-").FullName;
    private readonly RequestWatchers _watchers = new();
    private readonly AdminToken _token;

    public TapTests() => _token = AdminToken.TryCreate(Path.Combine(_directory, "token"), out _)!;

    public void Dispose()
    {
        _token.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task What_the_filter_lets_through_is_shown_and_the_rest_is_not()
    {
        var response = Page().Answer(Ask("status=5xx&limit=2"));
        using var stream = response.Stream!;
        foreach (var record in new[] { Sample.Served("a"), Sample.Refused("b"), Sample.Served("c"), Sample.Refused("d"), Sample.Refused("e") })
        {
            Tell(record);
        }

        var text = await NextAsync(stream);
        Assert.Equal(2, text.TrimEnd('\n').Split('\n').Length);
        Assert.Equal(
            "10:00:00.123  503      7.899 ms  10.1.2.3 > orders-all > 10.0.0.1:8080  GET orders.example/v1/items?limit=5  2 attempts  connect_refused  b",
            text.Split('\n')[0]);
        Assert.Empty(await NextAsync(stream));
    }

    [Fact]
    public async Task A_tap_that_is_not_read_loses_requests_and_says_how_many()
    {
        using var stream = Page().Answer(Ask("format=json")).Stream!;
        for (var i = 0; i < Tap.Room + 44; i++)
        {
            Tell(Sample.Served());
        }

        var lines = (await NextAsync(stream)).TrimEnd('\n').Split('\n');
        while (!lines[^1].StartsWith("{\"dropped\"", StringComparison.Ordinal))
        {
            lines = (await NextAsync(stream)).TrimEnd('\n').Split('\n');
        }

        Assert.Equal("{\"dropped\":44}", lines[^1]);
    }

    [Fact]
    public void While_nobody_looks_nothing_is_told_and_who_leaves_is_forgotten()
    {
        Assert.Empty(_watchers.Open);
        var stream = Page().Answer(Ask("")).Stream!;
        Assert.Single(_watchers.Open);
        stream.Dispose();
        Assert.Empty(_watchers.Open);
    }

    [Fact]
    public void So_many_taps_are_enough()
    {
        for (var i = 0; i < RequestWatchers.Most; i++)
        {
            Assert.Equal(200, Page().Answer(Ask("")).Status);
        }

        Assert.Equal(503, Page().Answer(Ask("")).Status);
    }

    [Fact]
    public async Task A_tap_ends_when_its_client_leaves()
    {
        using var stream = Page().Answer(Ask("")).Stream!;
        using var leaving = new CancellationTokenSource();
        var next = stream.NextAsync(leaving.Token).AsTask();
        Assert.False(next.IsCompleted);
        await leaving.CancelAsync();
        Assert.True((await next).IsEmpty);
    }

    [Theory]
    [InlineData("headers")]
    [InlineData("header=x-tenant=acme")]
    public void Headers_are_for_who_holds_the_token(string query)
    {
        var refused = Page().Answer(Ask(query));
        Assert.Equal(401, refused.Status);
        Assert.Contains(_token.Path, Encoding.UTF8.GetString(refused.Body.Span));
        Assert.Equal(401, Page().Answer(Ask(query) with { BearerToken = "wrong" }).Status);
        Assert.Equal(200, Page().Answer(Ask(query) with { BearerToken = File.ReadAllText(_token.Path).Trim() }).Status);
    }

    [Fact]
    public async Task Secrets_are_left_out_of_headers_and_parameters()
    {
        using var stream = Page().Answer(Ask("headers&format=json") with { BearerToken = File.ReadAllText(_token.Path).Trim() }).Stream!;
        var head = new RequestHead();
        (string, string)[] fields =
        [
            ("Authorization", "Bearer s3cret"), ("Cookie", "id=s3cret"), ("X-Api-Key", "s3cret"), ("X-Auth-Token", "s3cret"), ("x-thing", "eyJhbGciOi.s3cret.x"),
            ("x-blob", "QWxhZGRpbjpvcGVuU2VzYW1l123s3cretAA"), ("X-Forwarded-Client-Cert", "Hash=s3cret"), ("Accept", "text/plain"), ("X-Request-Id", "3e2f0b6c-0000-4000-8000-000000000001"),
        ];
        foreach (var (name, value) in fields)
        {
            head.Fields.Add(Encoding.ASCII.GetBytes(name), Encoding.ASCII.GetBytes(value));
        }

        var record = Sample.Served();
        record.Target.Set("/x?access%5Ftoken=s3cret&page=2&sig=s3cret&password=s3cret"u8);
        Tell(record, head);
        var text = await NextAsync(stream);
        Assert.DoesNotContain("s3cret", text);
        using var json = JsonDocument.Parse(text);
        Assert.Equal("/x?access%5Ftoken=[redacted]&page=2&sig=[redacted]&password=[redacted]", json.RootElement.GetProperty("target").GetString());
        Assert.Contains("[\"Accept\",\"text/plain\"]", text);
        Assert.Contains("[\"X-Request-Id\",\"3e2f0b6c-0000-4000-8000-000000000001\"]", text);
    }

    [Fact]
    public async Task Without_the_token_not_even_the_names_of_headers_are_kept()
    {
        using var stream = Page().Answer(Ask("format=json")).Stream!;
        var head = new RequestHead();
        head.Fields.Add("x-internal"u8, "1"u8);
        Tell(Sample.Served(), head);
        Assert.DoesNotContain("x-internal", await NextAsync(stream));
    }

    [Fact]
    public async Task A_client_cannot_steer_the_terminal_of_who_looks()
    {
        using var stream = Page().Answer(Ask("")).Stream!;
        var record = Sample.Served();
        record.Target.Set("/\u001b[2J\n"u8);
        Tell(record);
        var text = await NextAsync(stream);
        Assert.Contains("/\\x1b[2J\\x0a", text);
        Assert.Single(text.TrimEnd('\n').Split('\n'));
    }

    [Theory]
    [InlineData(0, "127.0.0.1:15000", true)]
    [InlineData(0, "[::1]:15000", true)]
    [InlineData(0, "unix:/run/admin.sock", true)]
    [InlineData(0, "0.0.0.0:15000", false)]
    [InlineData(0, "10.1.2.3:15000", false)]
    [InlineData(1, "0.0.0.0:15000", true)]
    [InlineData(2, "127.0.0.1:15000", false)]
    public void Over_an_address_that_others_reach_a_tap_needs_a_setting(int access, string address, bool expected)
    {
        Assert.True(Address.TryParse(address, out var admin));
        var response = Page((TapAccess)access, admin).Answer(Ask(""));
        Assert.Equal(expected ? 200 : 403, response.Status);
        response.Stream?.Dispose();
    }

    [Theory]
    [InlineData("limit=0")]
    [InlineData("limit=x")]
    [InlineData("status=abc")]
    public void A_question_that_is_not_understood_opens_nothing(string query)
    {
        Assert.Equal(400, Page().Answer(Ask(query)).Status);
        Assert.Empty(_watchers.Open);
    }

    private void Tell(RequestRecord record, RequestHead? head = null)
    {
        foreach (var watcher in _watchers.Open)
        {
            watcher.Ended(0, record, head, null);
        }
    }

    private static async Task<string> NextAsync(IAdminStream stream)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        return Encoding.UTF8.GetString((await stream.NextAsync(limit.Token)).Span);
    }

    private static AdminRequest Ask(string query) => new() { Path = "/tap", Query = query };

    private TapPage Page(TapAccess access = TapAccess.Local, Address? address = null)
    {
        var clock = new ManualTimeProvider();
        return new TapPage(
            new AdminSources
            {
                Lifecycle = new Lifecycle(clock),
                Metrics = new MetricRegistry(1, clock),
                Records = new RequestRecords(clock),
                Watchers = _watchers,
                Tap = () => access,
                AdminAddress = () => address,
                Levels = new LogLevels(LogLevel.Information),
                ConfigFile = "pillion.yaml",
                Config = () => null,
                Reload = () => new ReloadStatus(),
                Listeners = () => [],
                ClustersAsync = _ => Task.FromResult<IReadOnlyList<ClusterView>>([]),
                Version = "1",
            },
            _token);
    }
}
