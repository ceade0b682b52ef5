using Pillion.Core.Signals;
using Pillion.Net;
using Pillion.Net.Http;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Filters;
using Pillion.Tests.Proxy.Routing;
using Xunit;

namespace Pillion.Tests.Proxy.Filters;

public sealed class HeaderEditTests
{
    private readonly RequestRecord _record = new()
    {
        Downstream = PeerAddress.From([192, 0, 2, 7], 4711),
        DownstreamLocal = PeerAddress.From([127, 0, 0, 1], 80),
        Version = 11,
        UpstreamHost = "10.0.0.1:81",
        Status = 503,
        StartedUtcTicks = new DateTime(2026, 1, 2, 3, 4, 5, 6, DateTimeKind.Utc).Ticks,
    };

    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("100%%", "100%")]
    [InlineData("%DOWNSTREAM_REMOTE_ADDRESS%", "192.0.2.7:4711")]
    [InlineData("<%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%>", "<192.0.2.7>")]
    [InlineData("%DOWNSTREAM_LOCAL_ADDRESS%", "127.0.0.1:80")]
    [InlineData("%REQ(X-In)%/%REQ(:PATH)%", "\"quoted\"//p?q")]
    [InlineData("%PROTOCOL%", "HTTP/1.1")]
    [InlineData("%UPSTREAM_REMOTE_ADDRESS%", "10.0.0.1:81")]
    [InlineData("%START_TIME%", "2026-01-02T03:04:05.006Z")]
    [InlineData("%RESPONSE_CODE%", "503")]
    [InlineData("a%REQ(missing)%b", "ab")]
    public void A_value_may_hold_operators(string template, string expected)
    {
        Assert.Null(HeaderTemplate.Check(template));
        Assert.Equal([$"X-Out: {expected}"], Edited(new() { Add = [new("X-Out", template, HeaderAppend.Set)], Remove = ["x-in"] }, restoreIn: true));
    }

    [Theory]
    [InlineData("%NOPE%")]
    [InlineData("50%")]
    [InlineData("a\nb")]
    public void A_value_that_cannot_be_written_is_a_mistake(string template) => Assert.NotNull(HeaderTemplate.Check(template));

    [Fact]
    public void A_value_that_turns_out_empty_adds_nothing() =>
        Assert.Empty(Edited(new() { Add = [new("X-Out", "%REQ(missing)%", HeaderAppend.Set)] }));

    [Theory]
    [InlineData(nameof(HeaderAppend.Add), new[] { "X-A: 1", "x-a: 2", "X-A: new" }, new[] { "X-A: new" })]
    [InlineData(nameof(HeaderAppend.AddIfAbsent), new[] { "X-A: 1", "x-a: 2" }, new[] { "X-A: new" })]
    [InlineData(nameof(HeaderAppend.Set), new[] { "X-A: new" }, new[] { "X-A: new" })]
    [InlineData(nameof(HeaderAppend.SetIfPresent), new[] { "X-A: new" }, new string[0])]
    public void A_value_is_added_as_asked(string append, string[] whenThere, string[] whenMissing)
    {
        var edit = new HeaderEditConfig { Add = [new("X-A", "new", Enum.Parse<HeaderAppend>(append))] };
        Assert.Equal(whenThere, Edited(edit, ("X-A", "1"), ("x-a", "2")));
        Assert.Equal(whenMissing, Edited(edit));
    }

    [Fact]
    public void Route_then_virtual_host_then_table_edit_and_each_removes_first()
    {
        var edits = HeaderEdits.Compile(
        [
            new() { Remove = ["X-In"], Add = [new("X-A", "route", HeaderAppend.Set), new("X-List", "1", HeaderAppend.Add)] },
            new() { Add = [new("X-A", "host", HeaderAppend.Set), new("X-List", "2", HeaderAppend.Add)] },
            new() { Remove = ["x-b"], Add = [new("X-A", "table", HeaderAppend.Set), new("X-B", "kept", HeaderAppend.Add)] },
        ]);
        var head = Requests.Get("/", headers: [("x-in", "gone"), ("X-B", "gone")]);
        edits.Apply(head, _record);
        Assert.Equal(["X-A: table", "X-List: 1", "X-List: 2", "X-B: kept"], Lines(head.Fields));
    }

    [Fact]
    public void A_request_s_Host_is_its_authority()
    {
        var edits = HeaderEdits.Compile([new() { Add = [new("host", "other:81", HeaderAppend.Set)] }]);
        var head = Requests.Get("/", headers: ("Host", "example.com"));
        edits.Apply(head, _record);
        Assert.Equal("other:81", head.Authority.Text());
        Assert.Equal(["Host: example.com"], Lines(head.Fields));
    }

    [Fact]
    public void Response_headers_are_edited_with_the_request_at_hand()
    {
        var edits = HeaderEdits.Compile([new() { Remove = ["server"], Add = [new("X-Path", "%REQ(:PATH)%", HeaderAppend.Add)] }]);
        var response = new ResponseHead();
        response.Fields.Add("Server"u8, "app"u8);
        edits.Apply(response, Requests.Get("/p"), _record);
        Assert.Equal(["X-Path: /p"], Lines(response.Fields));
    }

    [Theory]
    [InlineData("Content-Length", false)]
    [InlineData("transfer-encoding", true)]
    [InlineData(":path", false)]
    [InlineData("Connection", false)]
    [InlineData("Host", true)]
    [InlineData("a b", false)]
    [InlineData("", false)]
    public void Names_that_frame_the_message_cannot_be_edited(string name, bool removes) => Assert.NotNull(HeaderEdits.CheckName(name, removes));

    [Theory]
    [InlineData("Host", false)]
    [InlineData("Server", true)]
    [InlineData("x_y", false)]
    public void Other_names_can(string name, bool removes) => Assert.Null(HeaderEdits.CheckName(name, removes));

    private List<string> Edited(HeaderEditConfig config, bool restoreIn)
    {
        // The removal would come first, so the value read is asked for before it.
        var head = Requests.Get("/p?q", headers: ("X-In", "\"quoted\""));
        HeaderEdits.Compile([config with { Remove = restoreIn ? [] : config.Remove }]).Apply(head, _record);
        head.Fields.RemoveAll("x-in"u8);
        return Lines(head.Fields);
    }

    private List<string> Edited(HeaderEditConfig config, params (string, string)[] headers)
    {
        var head = Requests.Get("/", headers: headers);
        HeaderEdits.Compile([config]).Apply(head, _record);
        return Lines(head.Fields);
    }

    private static List<string> Lines(FieldList fields)
    {
        var lines = new List<string>();
        for (var i = 0; i < fields.Count; i++)
        {
            if (fields.IsPresent(i))
            {
                lines.Add($"{fields.Name(i).Text()}: {fields.Value(i).Text()}");
            }
        }

        return lines;
    }
}
