using System.Text;
using System.Text.Json;
using Pillion.Admin;
using Pillion.Core.Signals.Records;
using Pillion.Explaining;
using Pillion.Tests.Core.Signals;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Program.Explaining;

public sealed class ExplainPagesTests
{
    private readonly RecordRing _ring = new();
    private readonly ExplainPages _pages;

    public ExplainPagesTests()
    {
        var records = new RequestRecords(new ManualTimeProvider());
        records.Add(_ring, action => action());
        _pages = new ExplainPages(records);
    }

    [Fact]
    public async Task The_beginning_of_an_id_is_enough_where_only_one_begins_so()
    {
        _ring.Publish(Sample.Served("aaa-1"));
        _ring.Publish(Sample.Refused("aab-2"));
        var (status, text) = await OneAsync("aab");
        Assert.Equal(200, status);
        Assert.Contains("id           aab-2\n", text);
    }

    [Fact]
    public async Task The_beginning_of_several_is_answered_with_all_of_them()
    {
        Publish("aaa-1", trace: "1");
        Publish("aab-2", trace: "2");
        var (status, text) = await OneAsync("aa");
        Assert.Equal(409, status);
        Assert.StartsWith("2 requests have ids that begin with 'aa'; say more of it:\n", text);
        Assert.Contains("aaa-1", text);
        Assert.Contains("aab-2", text);
    }

    [Fact]
    public async Task Requests_of_one_trace_are_one_story_in_their_order()
    {
        Publish("second", trace: "77", laterMillis: 5);
        Publish("first", trace: "77");
        Publish("other", trace: "78");
        var (status, text) = await OneAsync("77");
        Assert.Equal(200, status);
        Assert.True(text.IndexOf("first", StringComparison.Ordinal) < text.IndexOf("second", StringComparison.Ordinal), text);
        Assert.DoesNotContain("other", text);
    }

    [Fact]
    public async Task As_JSON_each_request_is_a_line()
    {
        Publish("one", trace: "77");
        Publish("two", trace: "77", laterMillis: 1);
        var (_, text) = await OneAsync("77", "format=json");
        Assert.Equal(["one", "two"], text.TrimEnd('\n').Split('\n').Select(line => JsonDocument.Parse(line).RootElement.GetProperty("id").GetString()));
    }

    [Fact]
    public async Task The_last_error_is_the_newest_failure_whatever_came_after_it()
    {
        Assert.Equal((404, "no request has failed since the start\n"), await NewestAsync("last_error"));
        _ring.Publish(Sample.Refused("bad"));
        Publish("good", laterMillis: 1);
        var (status, text) = await NewestAsync("last_error");
        Assert.Equal(200, status);
        Assert.Contains("id           bad\n", text);
        Assert.Contains("What you can do: Start what should listen there", text);
    }

    [Fact]
    public async Task A_route_is_summed_up_by_status_and_flag()
    {
        for (var i = 0; i < 30; i++)
        {
            _ring.Publish(i % 3 == 0 ? Sample.Refused($"bad-{i}") : Sample.Served($"ok-{i}"));
        }

        var (status, text) = await NewestAsync("route=orders-all");
        Assert.Equal(200, status);
        Assert.StartsWith("route orders-all (pillion.yaml:14: outbound.services.orders)\nthe newest 30 requests, within 0.0 s; half took 7.899 ms or less", text);
        Assert.Contains("  200      20  ##########################\n", text);
        Assert.Contains("  503      10  #############\n", text);
        Assert.Contains("      10 with UF (UpstreamConnectionFailure), URX", text);
        Assert.Contains("and 10 older ones\n\nThe newest failure:\n\n", text);

        using var json = JsonDocument.Parse((await NewestAsync("route=orders-all&count=5&format=json")).Text);
        Assert.Equal(5, json.RootElement.GetProperty("requests").GetInt32());
        Assert.Equal(5, json.RootElement.GetProperty("newest").GetArrayLength());
    }

    [Fact]
    public async Task A_route_that_nobody_used_is_answered_with_those_that_were()
    {
        Assert.Equal((404, "no request of route 'x' is remembered; none is remembered at all\n"), await NewestAsync("route=x"));
        _ring.Publish(Sample.Served());
        Assert.Equal((404, "no request of route 'orders-al' is remembered; did you mean 'orders-all'?\n"), await NewestAsync("route=orders-al"));
        Assert.Equal((404, "no request of route 'x' is remembered; remembered are those of orders-all\n"), await NewestAsync("route=x"));
        Assert.Equal(400, (await NewestAsync("route=x&count=many")).Status);
        Assert.Equal(400, (await NewestAsync("")).Status);
    }

    private void Publish(string id, string trace = "", int laterMillis = 0)
    {
        var record = Sample.Served(id);
        record.TraceId.Set(Encoding.ASCII.GetBytes(trace));
        record.StartedUtcTicks += laterMillis * TimeSpan.TicksPerMillisecond;
        _ring.Publish(record);
    }

    private async Task<(int Status, string Text)> OneAsync(string id, string query = "") => Read(await _pages.OneAsync(new AdminRequest { Path = "/explain/" + id, Query = query }, id, default));

    private async Task<(int Status, string Text)> NewestAsync(string query) => Read(await _pages.NewestAsync(new AdminRequest { Path = "/explain", Query = query }, default));

    private static (int, string) Read(AdminResponse response) => (response.Status, Encoding.UTF8.GetString(response.Body.Span));
}
