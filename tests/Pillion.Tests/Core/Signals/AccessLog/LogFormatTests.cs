using System.Text;
using System.Text.Json;
using Pillion.Core.Resilience;
using Pillion.Core.Signals;
using Pillion.Core.Signals.AccessLog;
using Pillion.Net.Http;
using Xunit;

namespace Pillion.Tests.Core.Signals.AccessLog;

public sealed class LogFormatTests
{
    [Fact]
    public void The_default_line_is_Envoys()
    {
        var request = Sample.Request(("User-Agent", "curl/8"), ("X-Forwarded-For", "1.2.3.4"), ("x-request-id", "rid"));
        Assert.Equal(
            "[2026-11-23T10:00:00.123Z] \"GET /v1/items?limit=5 HTTP/1.1\" 200 - 12 345 7 4 \"1.2.3.4\" \"curl/8\" \"rid\" \"orders.example\" \"10.0.0.1:8080\"\n",
            Text(null, Sample.Served(), request, Sample.Response()));
    }

    [Theory]
    [InlineData("%START_TIME%", "2026-11-23T10:00:00.123Z")]
    [InlineData("%START_TIME(%Y/%m/%d %H:%M:%S.%6f)%", "2026/11/23 10:00:00.123456")]
    [InlineData("%START_TIME(%s.%3f)%", "1795428000.123")]
    [InlineData("%START_TIME(%a %A %b %B %d %e %j %y %I%p %T %F %D %R %z %Z %u %w %%)%", "Mon Monday Nov November 23 23 327 26 10AM 10:00:00 2026-11-23 11/23/26 10:00 +0000 UTC 1 1 %")]
    [InlineData("%START_TIME(%f %1f %9f %E*S)%", "123456000 1 123456000 00.123456000")]
    [InlineData("%REQ(:METHOD)% %REQ(:PATH)% %REQ(:AUTHORITY)% %REQ(:SCHEME)%", "GET /v1/items?limit=5 orders.example http")]
    [InlineData("%REQ(X-A?X-B)%", "b1,b2")]
    [InlineData("%REQ(x-none?X-B):3%", "b1,")]
    [InlineData("%REQ(X-NONE)%", "-")]
    [InlineData("%REQ(:PATH):4%", "/v1/")]
    [InlineData("%REQ_WITHOUT_QUERY(:PATH)%", "/v1/items")]
    [InlineData("%REQ(X-REQUEST-ID)%", "3e2f0b6c-0000-4000-8000-000000000002")]
    [InlineData("%RESP(:STATUS)% %RESP(content-type)%", "503 text/plain")]
    [InlineData("%TRAILER(grpc-status)% %GRPC_STATUS% %GRPC_STATUS_NUMBER%", "14 Unavailable 14")]
    [InlineData("%PROTOCOL%", "HTTP/1.1")]
    [InlineData("%RESPONSE_CODE%", "503")]
    [InlineData("%RESPONSE_CODE_DETAILS%", "upstream_reset_before_response_started{remote_connection_failure}")]
    [InlineData("%RESPONSE_FLAGS%", "UF,URX")]
    [InlineData("%RESPONSE_FLAGS_LONG%", "UpstreamConnectionFailure,UpstreamRetryLimitExceeded")]
    [InlineData("%BYTES_RECEIVED% %BYTES_SENT%", "12 345")]
    [InlineData("%DURATION% %REQUEST_DURATION% %REQUEST_TX_DURATION% %RESPONSE_DURATION% %RESPONSE_TX_DURATION%", "7 0 1 - -")]
    [InlineData("%UPSTREAM_HOST% %UPSTREAM_REMOTE_ADDRESS% %UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%", "10.0.0.1:8080 10.0.0.1:8080 10.0.0.1")]
    [InlineData("%UPSTREAM_CLUSTER%", "orders")]
    [InlineData("%UPSTREAM_TRANSPORT_FAILURE_REASON%", "Connection refused")]
    [InlineData("%UPSTREAM_REQUEST_ATTEMPT_COUNT%", "2")]
    [InlineData("%ROUTE_NAME% %VIRTUAL_HOST_NAME%", "orders-all orders")]
    [InlineData("%DOWNSTREAM_REMOTE_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT% %DOWNSTREAM_REMOTE_PORT%", "10.1.2.3:50123 10.1.2.3 50123")]
    [InlineData("%DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT% %DOWNSTREAM_LOCAL_PORT%", "127.0.0.1:15006 127.0.0.1 15006")]
    [InlineData("%CONNECTION_TERMINATION_DETAILS%", "-")]
    [InlineData("%TRACE_ID% %STREAM_ID%", "4bf92f3577b34da6a3ce929d0e0e4736 3e2f0b6c-0000-4000-8000-000000000002")]
    [InlineData("%LISTENER% %ROUTE_LINE%", "inbound pillion.yaml:14: outbound.services.orders")]
    [InlineData("%ENVIRONMENT(PILLION_NO_SUCH_VARIABLE)%", "-")]
    [InlineData("100%% %RESPONSE_CODE%%%", "100% 503%")]
    [InlineData("plain", "plain")]
    [InlineData("", "")]
    public void Each_operator_writes_what_it_names(string format, string expected)
    {
        var request = Sample.Request(("x-b", "b1"), ("X-B", "b2"));
        var response = Sample.Response(("Content-Type", "text/plain"));
        Assert.Equal(expected + "\n", Text(format, Sample.Refused(), request, response, Sample.Fields(("grpc-status", "14"))));
    }

    [Fact]
    public void Hostname_is_this_machines() => Assert.Equal(Environment.MachineName + "\n", Text("%HOSTNAME%", Sample.Served()));

    [Fact]
    public void The_reason_is_the_sentence() =>
        Assert.Equal(Explanations.Sentence(Sample.Refused()) + "\n", Text("%REASON%", Sample.Refused()));

    [Fact]
    public void An_answer_of_our_own_that_is_no_failure_is_a_direct_response()
    {
        var record = Sample.Served();
        record.AnsweredLocally = true;
        Assert.Equal("direct_response\n", Text("%RESPONSE_CODE_DETAILS%", record));
        Assert.Equal("via_upstream\n", Text("%RESPONSE_CODE_DETAILS%", Sample.Served()));
    }

    [Fact]
    public void A_client_that_was_cut_off_is_told_why()
    {
        var record = Sample.Served();
        record.Failure = new Failure(FailureSide.Downstream, FailureKind.BadRequest, Cause: "bare CR");
        Assert.Equal("bare CR\n", Text("%CONNECTION_TERMINATION_DETAILS%", record));
    }

    [Fact]
    public void Every_operator_of_the_list_reads_and_writes_an_empty_record()
    {
        foreach (var (name, _, _, _) in LogOperators.Plain)
        {
            Assert.Null(LogFormatReader.Check($"%{name}%"));
            Assert.EndsWith("\n", Text($"%{name}%", new RequestRecord()));
        }
    }

    [Theory]
    [InlineData("%RESPONSE_COD%", "%RESPONSE_CODE%")]
    [InlineData("%UPSTREAM_HOSTS%", "%UPSTREAM_HOST%")]
    [InlineData("%START_TIM%", "%START_TIME%")]
    [InlineData("%REQ%", "%REQ(X-FIRST?X-SECOND)%")]
    [InlineData("%REQ(A?B?C)%", "%REQ(X-FIRST?X-SECOND)%")]
    [InlineData("%REQ(A B)%", "%REQ(X-FIRST?X-SECOND)%")]
    [InlineData("%REQ(X-A", "no closing ')'")]
    [InlineData("%REQ(X-A):abc%", "a length in bytes")]
    [InlineData("%REQ(X-A):99999999999%", "a length in bytes")]
    [InlineData("%DURATION(x)%", "takes nothing in parentheses")]
    [InlineData("%START_TIME(%Q)%", "'%Q' is not a part of a time")]
    [InlineData("%START_TIME():3%", "takes no length")]
    [InlineData("%ENVIRONMENT%", "needs a name")]
    [InlineData("50% off", "a percent sign itself is %%")]
    [InlineData("%", "a percent sign itself is %%")]
    public void A_mistake_says_what_would_be_right(string format, string hint) => Assert.Contains(hint, LogFormatReader.Check(format));

    [Fact]
    public void No_text_crashes_the_reader_and_what_it_accepts_can_be_written()
    {
        string[] pieces =
        [
            "%", "%%", "REQ", "(", ")", ":", "?", "X-A", "START_TIME", "%H", "%9f", "%E*S", "3", "RESPONSE_CODE", "DURATION", " ", "\"", "é", "\n", "TRAILER", "_", "%REQ(X-A?X-B):5%",
        ];
        var chance = new Random(7);
        var accepted = 0;
        for (var i = 0; i < 20_000; i++)
        {
            var text = string.Concat(Enumerable.Range(0, chance.Next(8)).Select(_ => pieces[chance.Next(pieces.Length)]));
            if (LogFormatReader.Check(text) is null)
            {
                accepted++;
                Assert.EndsWith("\n", Text(text, Sample.Served(), Sample.Request(), Sample.Response()));
            }
        }

        Assert.True(accepted > 500);
    }

    [Fact]
    public void A_client_cannot_forge_a_text_line()
    {
        var request = Sample.Request(("User-Agent", "a\" 200\n[forged] \\ \u001b[31m é \u007f"));
        Assert.Equal("\"a\\x22 200\\x0a[forged] \\x5c \\x1b[31m \\xc3\\xa9 \\x7f\"\n", Text("\"%REQ(USER-AGENT)%\"", Sample.Served(), request));
    }

    [Fact]
    public void Json_fields_keep_types_and_say_null()
    {
        var line = Line(
            LogFormat.JsonFields(
            [
                new("status", "%RESPONSE_CODE%"), new("took", "%DURATION%"), new("path", "%REQ(:PATH)%"), new("none", "%REQ(X-NONE)%"),
                new("flags", "%RESPONSE_FLAGS%"), new("mixed", "a \"%RESPONSE_CODE%\" %REQ(X-NONE)%"), new("ke\"y", "fixed"), new("later", "%RESPONSE_DURATION%"),
            ]),
            Sample.Refused(),
            Sample.Request());
        Assert.Equal(
            "{\"status\":503,\"took\":7,\"path\":\"/v1/items?limit=5\",\"none\":null,\"flags\":\"UF,URX\",\"mixed\":\"a \\\"503\\\" -\",\"ke\\\"y\":\"fixed\",\"later\":null}\n",
            line);
        Assert.Equal("{}\n", Line(LogFormat.JsonFields([]), Sample.Served()));
    }

    [Fact]
    public void Pillions_line_holds_everything_it_promises()
    {
        var record = Sample.Refused();
        record.UpstreamAnsweredMicros = 5_500;
        using var json = JsonDocument.Parse(Line(LogFormat.Json(), record, Sample.Request(("user-agent", "curl/8"), ("x-forwarded-for", "1.2.3.4"))));
        var root = json.RootElement;
        Assert.Equal(JsonFormat.Keys.Select(k => k.Key), root.EnumerateObject().Select(p => p.Name));
        Assert.Equal("2026-11-23T10:00:00.123Z", root.GetProperty("time").GetString());
        Assert.Equal(503, root.GetProperty("status").GetInt32());
        Assert.Equal(7.899, root.GetProperty("duration_ms").GetDouble());
        Assert.Equal("pillion", root.GetProperty("answered_by").GetString());
        Assert.Equal("connect_refused", root.GetProperty("failure").GetString());
        Assert.Equal(Explanations.Sentence(record), root.GetProperty("reason").GetString());
    }

    [Fact]
    public void Lines_of_routes_and_endpoints_that_take_turns_tell_them_apart()
    {
        var format = LogFormat.Json();
        for (var i = 0; i < 300; i++)
        {
            var record = Sample.Refused();
            record.Route = $"route-{i % 3}";
            record.RouteSource = record.RouteSource with { Line = 1 + (i % 130) };
            record.Cluster = new string('c', 1 + (i % 5 * 400));
            record.UpstreamHost = $"10.0.0.{i % 2}:80";
            record.Listener = i % 7 == 0 ? "in\"" : "out";
            using var json = JsonDocument.Parse(Line(format, record));
            Assert.Equal(record.Route, json.RootElement.GetProperty("route").GetString());
            Assert.Contains($":{record.RouteSource.Line}:", json.RootElement.GetProperty("route_line").GetString());
            Assert.Equal(record.Cluster, json.RootElement.GetProperty("cluster").GetString());
            Assert.Equal(record.UpstreamHost, json.RootElement.GetProperty("upstream").GetString());
            Assert.Equal(record.Listener, json.RootElement.GetProperty("listener").GetString());
        }
    }

    [Theory]
    [InlineData(0, "0.000")]
    [InlineData(7, "0.007")]
    [InlineData(10_011, "10.011")]
    [InlineData(999_999_999, "999999.999")]
    [InlineData(1_000_000_000_000, "1000000000.000")]
    [InlineData(123_456_789_012_345, "123456789012.345")]
    public void Times_are_written_to_the_microsecond(long micros, string expected)
    {
        var line = new LineBuffer(1);
        line.Millis(micros);
        line.Raw((byte)' ');
        line.Number(micros);
        line.Raw((byte)' ');
        line.Digits(micros, 18);
        Assert.Equal(System.FormattableString.Invariant($"{expected} {micros} {micros:D18}"), line.ToString());
    }

    [Fact]
    public void Pillions_line_of_an_empty_record_is_an_object_still()
    {
        using var json = JsonDocument.Parse(Line(LogFormat.Json(), new RequestRecord()));
        Assert.Equal("nobody", json.RootElement.GetProperty("answered_by").GetString());
    }

    [Fact]
    public void Whatever_bytes_a_client_sends_json_stays_json_in_one_line()
    {
        var chance = new Random(3);
        for (var i = 0; i < 3_000; i++)
        {
            var bytes = new byte[chance.Next(40)];
            chance.NextBytes(bytes);
            var record = Sample.Refused();
            record.Target.Set(bytes);
            record.Authority.Set(bytes);
            record.Failure = record.Failure with { Cause = Encoding.Latin1.GetString(bytes) };
            foreach (var format in new[] { LogFormat.Json(), LogFormat.JsonFields([new("a", "%REQ(:PATH)%"), new("b", "x%REASON%")]) })
            {
                var line = Bytes(format, record, null, null, null);
                Assert.Equal(line.Length - 1, line.IndexOf((byte)'\n'));
                using var json = JsonDocument.Parse(line.AsMemory());
                Assert.Equal(JsonValueKind.Object, json.RootElement.ValueKind);
            }

            var text = Bytes(LogFormat.Text("%REQ(:PATH)% %REASON%"), record, null, null, null);
            Assert.Equal(-1, text.AsSpan()[..^1].IndexOfAnyExceptInRange((byte)0x20, (byte)0x7E));
        }
    }

    [Fact]
    public void Text_that_is_utf8_stays_readable_in_json()
    {
        var record = Sample.Served();
        record.Target.Set("/é/☃/\u0085"u8);
        Assert.Contains("\"target\":\"/é/☃/\\u0085\"", Line(LogFormat.Json(), record));
    }

    [Fact]
    public void The_second_is_written_again_when_it_changes()
    {
        var pattern = TimePattern.Parse(TimePattern.Default, out _)!;
        var line = new LineBuffer();
        pattern.Write(line, Sample.Began);
        pattern.Write(line, Sample.Began + TimeSpan.TicksPerMillisecond);
        pattern.Write(line, Sample.Began + TimeSpan.TicksPerSecond);
        Assert.Equal("2026-11-23T10:00:00.123Z2026-11-23T10:00:00.124Z2026-11-23T10:00:01.123Z", line.ToString());
    }

    [Fact]
    public void Writing_a_line_allocates_nothing()
    {
        var request = Sample.Request(("User-Agent", "curl/8"), ("X-Forwarded-For", "1.2.3.4"));
        var response = Sample.Response();
        foreach (var record in new[] { Sample.Served(), Sample.Refused() })
        {
            foreach (var format in new[] { LogFormat.Text(null), LogFormat.Json(), LogFormat.JsonFields([new("a", "%START_TIME%"), new("b", "%RESPONSE_FLAGS%")]) })
            {
                var line = new LineBuffer(2048);
                Assert.Equal(0, Allocations.Of(() =>
                {
                    line.Clear();
                    record.StartedUtcTicks += 137;
                    format.Write(line, new LogExchange(record, request, response, null));
                }));
            }
        }
    }

    private static string Text(string? format, RequestRecord record, RequestHead? request = null, ResponseHead? response = null, FieldList? trailers = null) =>
        Line(LogFormat.Text(format), record, request, response, trailers);

    private static string Line(LogFormat format, RequestRecord record, RequestHead? request = null, ResponseHead? response = null, FieldList? trailers = null) =>
        Encoding.UTF8.GetString(Bytes(format, record, request, response, trailers));

    private static byte[] Bytes(LogFormat format, RequestRecord record, RequestHead? request, ResponseHead? response, FieldList? trailers)
    {
        var line = new LineBuffer();
        format.Write(line, new LogExchange(record, request, response, trailers));
        return line.Written.ToArray();
    }
}
