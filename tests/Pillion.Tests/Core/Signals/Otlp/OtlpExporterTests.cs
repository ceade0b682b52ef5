using System.Text;
using Pillion.Core.Signals;
using Pillion.Core.Signals.AccessLog;
using Pillion.Core.Signals.Metrics;
using Pillion.Core.Signals.Otlp;
using Pillion.Core.Signals.Tracing;
using Pillion.Net.Http;
using Pillion.Tests.Support;
using Xunit;
using static Pillion.Tests.Support.OtlpSchema;

namespace Pillion.Tests.Core.Signals.Otlp;

/// <summary>Batches, back-off and the ledger of the exporter, over a collector that does as it is told.</summary>
public sealed class OtlpExporterTests
{
    private readonly ManualTimeProvider _clock = new();
    private readonly MetricRegistry _registry;
    private readonly ScriptedSender _sender = new();
    private readonly CollectedLogger _log = new();
    private readonly SpanSource _source = new([], attempts: true, query: false);

    public OtlpExporterTests() => _registry = new MetricRegistry(2, _clock);

    private OtlpMetrics Ledger => _registry.Otlp("collector", "traces", _registry.OffLoop);

    [Fact]
    public async Task A_batch_holds_512_spans_and_no_more()
    {
        var exporter = Make();
        Fill(exporter, 0, 400);
        Fill(exporter, 1, 100);
        await exporter.FlushAsync(default);
        Assert.Equal([512, 488], _sender.Taken.Select(batch => Items(batch.Message).Count()));
        Assert.Equal((1000, 0), (Ledger.ItemsSent, Dropped("collector", "traces").Values.Sum()));
    }

    [Fact]
    public async Task What_finds_no_room_is_dropped_and_counted_and_the_ledger_adds_up()
    {
        var exporter = Make(config => config with { Queue = 64 });
        var (ring, _) = exporter.Spans(0);
        var filled = 0;
        while (ring.Next() is { } place)
        {
            Fill(place);
            ring.Publish();
            filled++;
        }

        Assert.Equal(32, filled);
        await exporter.FlushAsync(default);
        Assert.Equal(64, Ledger.ItemsSent);
        Assert.NotNull(ring.Next());
    }

    [Fact]
    public async Task A_collector_that_is_away_is_tried_again_ever_later_for_a_minute()
    {
        _sender.Answer = _ => Task.FromResult(new OtlpAnswer(OtlpOutcome.Unavailable, "nobody listens"));
        var exporter = Make();
        Fill(exporter, 0, 10);
        var flush = exporter.FlushAsync(default);
        var tries = new List<double>();
        var began = _clock.GetTimestamp();
        while (!flush.IsCompleted)
        {
            while (tries.Count < _sender.Tries)
            {
                tries.Add(_clock.GetElapsedTime(began).TotalSeconds);
            }

            _clock.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Yield();
        }

        Assert.InRange(tries.Count, 5, 10);
        Assert.InRange(tries[^1], 15, 60.5);
        Assert.Equal(20, Dropped("collector", "traces")["unavailable"]);
        Assert.Equal(0, Ledger.ItemsSent);
        Assert.Single(_log.Lines, line => line.Text.Contains("nobody listens", StringComparison.Ordinal));

        // And when it is back it is said once more.
        _sender.Answer = _ => Task.FromResult(new OtlpAnswer(OtlpOutcome.Accepted));
        Fill(exporter, 0, 1);
        await exporter.FlushAsync(default);
        Assert.Single(_log.Lines, line => line.Text.Contains("takes our traces again; 20 items were lost", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_a_collector_asks_to_wait_is_waited()
    {
        var answers = new Queue<OtlpAnswer>([new(OtlpOutcome.Unavailable, "later", RetryAfter: TimeSpan.FromSeconds(20)), new(OtlpOutcome.Accepted)]);
        _sender.Answer = _ => Task.FromResult(answers.Dequeue());
        var exporter = Make();
        Fill(exporter, 0, 1);
        var flush = exporter.FlushAsync(default);
        for (var i = 0; i < 199; i++)
        {
            _clock.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Yield();
        }

        Assert.Equal(1, _sender.Tries);
        while (!flush.IsCompleted)
        {
            _clock.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Yield();
        }

        Assert.Equal((2, 1, 2), (_sender.Tries, Ledger.Retries, Ledger.ItemsSent));
    }

    [Fact]
    public async Task What_is_refused_is_not_sent_again_and_what_is_taken_in_part_is_counted_in_part()
    {
        var answers = new Queue<OtlpAnswer>([new(OtlpOutcome.Refused, "it answered 400"), new(OtlpOutcome.Accepted, "two are too old", Rejected: 2)]);
        _sender.Answer = _ => Task.FromResult(answers.Dequeue());
        var exporter = Make();
        Fill(exporter, 0, 5);
        await exporter.FlushAsync(default);
        Fill(exporter, 0, 5);
        await exporter.FlushAsync(default);
        var dropped = Dropped("collector", "traces");
        Assert.Equal((10, 2, 8), (dropped["refused"], dropped["rejected"], Ledger.ItemsSent));
    }

    [Fact]
    public async Task The_end_sends_what_waits_and_does_not_wait_for_a_collector_that_is_away()
    {
        var exporter = Make(config => config with { MetricsInterval = TimeSpan.FromMinutes(1) });
        exporter.Start();
        Fill(exporter, 0, 3);
        await exporter.StopAsync(default);
        Assert.Equal([OtlpSignal.Traces, OtlpSignal.Metrics], _sender.Taken.Select(batch => batch.Signal));

        _sender.Answer = _ => Task.FromResult(new OtlpAnswer(OtlpOutcome.Unavailable, "gone"));
        var other = Make(config => config with { Cluster = "other" });
        other.Start();
        Fill(other, 0, 3);
        await other.StopAsync(default);
        Assert.Equal(6, Dropped("other", "traces")["unavailable"]);
    }

    [Fact]
    public async Task A_batch_that_fills_is_sent_before_its_time_and_one_that_does_not_in_time()
    {
        var exporter = Make();
        exporter.Start();
        Fill(exporter, 0, 10);
        exporter.Wake();
        await Eventually.IsAsync(() => Ledger.ItemsSent == 20);
        Fill(exporter, 0, 10);
        await Eventually.IsAsync(() =>
        {
            _clock.Advance(TimeSpan.FromSeconds(1));
            return Ledger.ItemsSent == 40;
        });
        await exporter.StopAsync(default);
    }

    [Fact]
    public async Task Access_log_records_carry_their_trace_and_survive_the_rings_end()
    {
        var exporter = Make();
        var (ring, metrics) = exporter.Logs(0);
        var logger = new OtlpLogger(LogFormat.Text("%REQ(:METHOD)% %RESPONSE_CODE%"), [("route", LogFormat.Text("%ROUTE_NAME%"))], ring, metrics, () => { }, _clock);
        var record = Sample.Served();
        record.Trace = new TracePosition { High = 1, Low = 2, Span = 3, IsSampled = true };
        var written = 0;

        // More than the ring holds, in parts: some record lies across its end.
        for (var part = 0; part < 4; part++)
        {
            for (var i = 0; i < 3000; i++)
            {
                logger.Write(record, null, null);
                written++;
            }

            await exporter.FlushAsync(default);
        }

        logger.Write(Sample.Refused(), null, null);
        await exporter.FlushAsync(default);
        var records = _sender.Taken.SelectMany(batch => Items(batch.Message)).ToList();
        Assert.Equal(written + 1, records.Count);
        Assert.All(records.SkipLast(1), one => Assert.Equal(
            ("GET 200", "orders-all", "00000000000000010000000000000002", "0000000000000003", "INFO"),
            ((string)one["body"]!["text"]!, Attribute(one, "route"), (string)one["traceId"]!, (string)one["spanId"]!, (string)one["severityText"]!)));
        Assert.Equal("ERROR", (string)records[^1]["severityText"]!);
        Assert.Equal(written + 1, _registry.Otlp("collector", "logs", _registry.OffLoop).ItemsSent);
    }

    [Fact]
    public async Task Records_that_find_no_room_are_counted()
    {
        var exporter = Make();
        var (ring, metrics) = exporter.Logs(1);
        var wakes = 0;
        var logger = new OtlpLogger(LogFormat.Json(), [], ring, metrics, () => wakes++, _clock);
        var record = Sample.Served();
        for (var i = 0; i < 10_000; i++)
        {
            logger.Write(record, null, null);
        }

        await exporter.FlushAsync(default);
        var sent = _registry.Otlp("collector", "logs", _registry.OffLoop).ItemsSent;
        Assert.Equal(10_000, sent + Dropped("collector", "logs")["queue_full"]);
        Assert.InRange(sent, 500, 9_000);
        Assert.Equal(4, wakes + 1);
    }

    [Fact]
    public void Filling_a_span_and_writing_a_record_allocate_nothing_once_warm()
    {
        var exporter = Make();
        var (ring, _) = exporter.Spans(0);
        var (logs, metrics) = exporter.Logs(0);
        var logger = new OtlpLogger(LogFormat.Json(), [], logs, metrics, exporter.Wake, _clock);
        var record = Sample.Served();
        var request = new RequestHead();
        request.Fields.Add("User-Agent"u8, "test"u8);
        while (ring.Next() is { } place)
        {
            place.Fill(_source, record, request, false, -1);
            ring.Publish();
        }

        Assert.Equal(0, Allocations.Of(() =>
        {
            ring.Take();
            ring.Next()!.Fill(_source, record, request, false, -1);
            ring.Publish();
            logger.Write(record, null, null);
        }));
    }

    [Fact]
    public async Task Metrics_are_those_of_a_scrape_with_exemplars_and_the_names_that_lead_back_to_them()
    {
        var http = _registry.Http("in", 0);
        http.RequestsTotal = 7;
        var record = Sample.Served();
        record.Trace = new TracePosition { High = 0xA, Low = 0xB, Span = 0xC, IsRecorded = true };
        http.CountFinished(record);
        _registry.Route("any", "all", 0).Count(record);
        var exporter = Make(config => config with { MetricsInterval = TimeSpan.FromSeconds(5) });
        await exporter.SendPointsAsync(default);

        var metrics = _sender.Taken.SelectMany(batch => Items(batch.Message)).ToDictionary(metric => (string)metric["name"]!);
        var total = metrics["pillion.http.downstream_rq"]["sum"]!;
        Assert.Equal((2, true, 7.0, "in"), ((int)total["temporality"]!, (bool)total["monotonic"]!, (double)total["points"]![0]!["double"]!, Attribute(total["points"]![0]!, "http")));
        var duration = metrics["pillion.http.downstream_rq_duration"];
        Assert.Equal("s", (string)duration["unit"]!);
        var point = duration["histogram"]!["points"]![0]!;
        Assert.Equal((1UL, 0.007899, 20, 19), ((ulong)point["count"]!, (double)point["sum"]!, point["counts"]!.AsArray().Count, point["bounds"]!.AsArray().Count));
        var exemplar = Assert.Single(point["exemplars"]!.AsArray())!;
        Assert.Equal(("000000000000000a000000000000000b", "000000000000000c", 0.007899), ((string)exemplar["traceId"]!, (string)exemplar["spanId"]!, (double)exemplar["double"]!));
        var route = metrics["pillion.route.requests"]["sum"]!["points"]![0]!;
        Assert.Equal(("any", "all"), (Attribute(route, "virtual_host"), Attribute(route, "route")));
        Assert.Equal(_sender.Taken.Sum(batch => Items(batch.Message).Sum(Points)), (int)_registry.Otlp("collector", "metrics", _registry.OffLoop).ItemsSent);

        static int Points(System.Text.Json.Nodes.JsonObject metric) => (metric["sum"] ?? metric["gauge"] ?? metric["histogram"])!["points"]!.AsArray().Count;
    }

    private OtlpExporter Make(Func<OtlpConfig, OtlpConfig>? change = null)
    {
        var config = new OtlpConfig { Cluster = "collector" };
        return new OtlpExporter(change?.Invoke(config) ?? config, _sender, _registry, 2, "1", _clock, new Random(1), _log);
    }

    private void Fill(OtlpExporter exporter, int loop, int count)
    {
        var (ring, _) = exporter.Spans(loop);
        for (var i = 0; i < count; i++)
        {
            Fill(ring.Next()!);
            ring.Publish();
        }
    }

    // Two spans each: the request's and its attempt's.
    private void Fill(SpanRecord place)
    {
        var record = Sample.Served();
        record.Trace = new TracePosition { High = 1, Low = 2, Span = 3, IsSampled = true, IsRecorded = true };
        record.LastAttempt.Span = 4;
        place.Fill(_source, record, new RequestHead(), false, -1);
    }

    private SortedDictionary<string, long> Dropped(string cluster, string signal)
    {
        var sums = new SortedDictionary<string, long>();
        for (var loop = 0; loop <= _registry.OffLoop; loop++)
        {
            _registry.Otlp(cluster, signal, loop).Dropped.AddTo(sums);
        }

        return sums;
    }
}
