using System.Buffers;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Pillion.Core.Signals.Metrics;
using Pillion.Core.Signals.Tracing;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Core.Signals.Metrics;

/// <summary>The two formats beside the text: OpenMetrics with exemplars, protobuf with native histograms.</summary>
public sealed class MetricFormatTests
{
    private static readonly ProtoSchema Schema = new(
        """
        MetricFamily: 1 name string, 2 help string, 3 type enum, 4 metric *Metric
        Metric: 1 label *Label, 2 gauge Number, 3 counter Number, 7 histogram Histogram
        Label: 1 name string, 2 value string
        Number: 1 value double
        Histogram: 1 count uint64, 2 sum double, 3 bucket *Bucket, 5 schema sint32, 6 zeroThreshold double, 7 zeroCount uint64, 12 spans *Span, 13 deltas *sint64
        Bucket: 1 count uint64, 2 bound double, 3 exemplar Exemplar
        Span: 1 offset sint32, 2 length uint64
        Exemplar: 1 label *Label, 2 value double, 3 timestamp Timestamp
        Timestamp: 1 seconds int, 2 nanos int
        """);

    private readonly MetricRegistry _registry = new(2, new HandClock());

    [Theory]
    [InlineData("", 0)]
    [InlineData("*/*", 0)]
    [InlineData("text/html", 0)]
    [InlineData("application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", 1)]
    [InlineData("application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,application/openmetrics-text;version=1.0.0;q=0.8,*/*;q=0.1", 2)]
    [InlineData("application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text", 0)]
    [InlineData("text/plain;q=0.3, application/openmetrics-text; version=1.0.0; q=0.7", 1)]
    [InlineData("application/openmetrics-text;q=0", 0)]
    [InlineData("application/openmetrics-text;version=9.0.0", 0)]
    [InlineData(";;,q=1,,", 0)]
    public void A_scraper_gets_what_it_likes_best(string accept, int format) => Assert.Equal((MetricFormat)format, MetricFormats.Choose(accept));

    [Fact]
    public void OpenMetrics_has_the_same_series_and_an_exemplar_of_the_traced_request()
    {
        Use();
        var text = OpenMetrics();
        Assert.EndsWith("\n# EOF\n", text, StringComparison.Ordinal);
        Assert.Contains("# TYPE pillion_http_downstream_rq counter\n", text, StringComparison.Ordinal);
        Assert.Contains("pillion_http_downstream_rq_total{http=\"in\"} 3\n", text, StringComparison.Ordinal);
        Assert.Contains(
            "pillion_http_downstream_rq_duration_seconds_bucket{http=\"in\",le=\"0.01\"} 2 # {trace_id=\"000000000000000a000000000000000b\",span_id=\"000000000000000c\"} 0.0079 1767225600.000\n",
            text,
            StringComparison.Ordinal);
        Assert.Single(Regex.Matches(text, "trace_id"));

        // Without exemplars and with the counters' own names it is what the text format has.
        var classic = new ArrayBufferWriter<byte>();
        MetricText.Write(classic, _registry);
        var expected = PrometheusText.Read(Encoding.UTF8.GetString(classic.WrittenSpan)).Samples;
        var samples = text.Split('\n').Where(line => line.Length > 0 && line[0] != '#').Select(line => line.Split(" # ")[0]).Where(line => !line.StartsWith("process_") && !line.Contains("_managed_")).ToList();
        Assert.All(samples, sample => Assert.Contains(sample[..sample.LastIndexOf(' ')], expected.Keys));
    }

    [Fact]
    public void Protobuf_has_native_histograms_whose_buckets_hold_what_was_recorded()
    {
        Use();
        var families = Protobuf();
        var total = families["pillion_http_downstream_rq_total"];
        Assert.Equal((0, 3.0), ((int)total["type"]!, (double)total["metric"]![0]!["counter"]!["value"]!));
        var family = families["pillion_http_downstream_rq_duration_seconds"];
        Assert.Equal(4, (int)family["type"]!);
        var histogram = family["metric"]![0]!["histogram"]!.AsObject();
        Assert.Equal((3UL, 3, 1UL), ((ulong)histogram["count"]!, (int)(long)histogram["schema"]!, (ulong)histogram["zeroCount"]!));
        Assert.Equal(DurationHistogram.Bounds.Length, histogram["bucket"]!.AsArray().Count);

        // 7.9 ms and 2 s, each within an eighth of a doubling.
        var buckets = Buckets(histogram);
        Assert.Equal([1L, 1L], buckets.Where(bucket => bucket.Count > 0).Select(bucket => bucket.Count));
        Assert.Equal([0.0079, 2.0], buckets.Where(bucket => bucket.Count > 0).Select(bucket => bucket.Index).Zip([0.0079, 2.0], (index, seconds) =>
            seconds <= Math.Pow(2, index / 8.0) * (1 + 1e-12) && seconds > Math.Pow(2, (index - 1) / 8.0) ? seconds : double.NaN));
        var exemplar = histogram["bucket"]!.AsArray().Select(bucket => bucket!["exemplar"]).Single(one => one is not null)!;
        Assert.Equal(("000000000000000a000000000000000b", 0.0079), ((string)exemplar["label"]![0]!["value"]!, (double)exemplar["value"]!));
    }

    [Fact]
    public void Whatever_is_recorded_native_and_classic_buckets_count_the_same()
    {
        var chance = new Random(1);
        var http = _registry.Http("in", 0);
        var values = new List<long>();
        for (var i = 0; i < 5000; i++)
        {
            values.Add((long)Math.Exp(chance.NextDouble() * 24));
            http.Duration.Record(values[^1]);
        }

        http.RequestsTotal = 1;
        var histogram = Protobuf()["pillion_http_downstream_rq_duration_seconds"]["metric"]![0]!["histogram"]!.AsObject();
        var buckets = Buckets(histogram);
        Assert.Equal(5000, buckets.Sum(bucket => bucket.Count));
        Assert.All(buckets, bucket => Assert.Equal(values.Count(value => NativeBuckets.Index(value) == bucket.Index), bucket.Count));
        Assert.All(buckets, bucket => Assert.True(bucket.Count >= 0));
    }

    private void Use()
    {
        var http = _registry.Http("in", 0);
        http.RequestsTotal = 3;
        http.Duration.Record(0);
        http.Duration.Record(7_900, new TracePosition { High = 0xA, Low = 0xB, Span = 0xC, IsRecorded = true }, new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc).Ticks);
        _registry.Http("in", 1).Duration.Record(2_000_000);
        _registry.Route("shop", "all", 0).Requests++;
    }

    private string OpenMetrics()
    {
        var output = new ArrayBufferWriter<byte>();
        OpenMetricsText.Write(output, _registry);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    private Dictionary<string, JsonObject> Protobuf()
    {
        var output = new ArrayBufferWriter<byte>();
        MetricProto.Write(output, _registry);
        var families = new Dictionary<string, JsonObject>();
        var rest = output.WrittenSpan;
        while (!rest.IsEmpty)
        {
            var (length, shift, at) = (0, 0, 0);
            do
            {
                length |= (rest[at] & 0x7F) << shift;
                shift += 7;
            }
            while (rest[at++] >= 0x80);
            var family = Schema.Decode("MetricFamily", rest.Slice(at, length));
            families.Add((string)family["name"]!, family);
            rest = rest[(at + length)..];
        }

        return families;
    }

    private static List<(int Index, long Count)> Buckets(JsonObject histogram)
    {
        var buckets = new List<(int, long)>();
        var deltas = histogram["deltas"]!.AsArray().Select(delta => (long)delta!).ToList();
        var (index, count, next) = (0, 0L, 0);
        foreach (var span in histogram["spans"]!.AsArray())
        {
            index += (int)((long?)span!["offset"] ?? 0);
            for (var i = 0UL; i < (ulong)span["length"]!; i++)
            {
                count += deltas[next++];
                buckets.Add((index++, count));
            }
        }

        Assert.Equal(deltas.Count, next);
        return buckets;
    }
}
