using System.Buffers;
using System.Text;
using System.Text.Json;
using Pillion.Core.Resilience;
using Pillion.Core.Signals;
using Pillion.Core.Signals.Metrics;
using Pillion.Net.Http.Http1;
using Xunit;

namespace Pillion.Tests.Core.Signals.Metrics;

public sealed class MetricTests
{
    private readonly HandClock _clock = new();
    private readonly MetricRegistry _registry;

    public MetricTests() => _registry = new MetricRegistry(loops: 2, _clock, capacity: 3);

    [Fact]
    public void Counts_of_all_loops_are_summed()
    {
        _registry.Cluster("orders", 0).RequestsTotal += 3;
        _registry.Cluster("orders", 1).RequestsTotal += 4;
        Assert.Equal(7, Scrape().Samples["pillion_cluster_upstream_rq_total{cluster=\"orders\"}"]);
    }

    [Fact]
    public void Everything_there_is_passes_the_strict_reader_in_both_namings()
    {
        UseEverything();
        var own = Scrape(usedOnly: false);
        Assert.Contains("pillion_http_downstream_rq_xx_total{http=\"ingress\",code_class=\"2xx\"}", own.Samples.Keys);
        Assert.Equal(2, own.Samples["pillion_http_downstream_rq_duration_seconds_bucket{http=\"ingress\",le=\"0.01\"}"]);
        Assert.Equal(0.015798, own.Samples["pillion_http_downstream_rq_duration_seconds_sum{http=\"ingress\"}"], 9);
        Assert.Contains("process_resident_memory_bytes", own.Samples.Keys);
        Assert.True(own.Samples["process_resident_memory_bytes"] > 1_000_000);

        var envoys = PrometheusText.Read(Text(MetricNaming.Envoy, usedOnly: false), lint: false);
        Assert.Equal(1, envoys.Samples["envoy_http_downstream_rq_xx{envoy_http_conn_manager_prefix=\"ingress\",envoy_response_code_class=\"2\"}"]);
        Assert.Equal(1, envoys.Samples["envoy_cluster_upstream_cx_connect_fail{envoy_cluster_name=\"orders\"}"]);
        Assert.Equal(2, envoys.Samples["envoy_http_downstream_rq_time_bucket{envoy_http_conn_manager_prefix=\"ingress\",le=\"10\"}"]);
    }

    [Fact]
    public void A_metric_exists_once_it_is_used()
    {
        var orders = _registry.Cluster("orders", 0);
        Assert.DoesNotContain(Scrape().Samples.Keys, name => name.Contains("orders"));

        orders.RequestsTotal++;
        var names = Scrape().Samples.Keys.Where(name => name.Contains("orders")).ToList();
        Assert.Contains("pillion_cluster_upstream_rq_total{cluster=\"orders\"}", names);
        Assert.Contains("pillion_cluster_upstream_rq_active{cluster=\"orders\"}", names);
        Assert.DoesNotContain("pillion_cluster_upstream_rq_retry_total{cluster=\"orders\"}", names);
    }

    [Fact]
    public void A_reload_that_names_the_cluster_again_goes_on_counting_in_the_same_cells()
    {
        var before = _registry.Cluster("orders", 0);
        _registry.Clusters.Retain(new HashSet<string>());
        _clock.Now += TimeSpan.FromMinutes(5);
        Assert.Same(before, _registry.Cluster("orders", 0));
        _clock.Now += TimeSpan.FromMinutes(30);
        _registry.Collect().Count();
        Assert.Same(before, _registry.Cluster("orders", 0));
    }

    [Fact]
    public void A_gone_clusters_series_vanish_after_a_while()
    {
        _registry.Cluster("orders", 0).RequestsTotal++;
        _registry.Clusters.Retain(new HashSet<string> { "other" });
        _clock.Now += TimeSpan.FromMinutes(9);
        Assert.Contains("pillion_cluster_upstream_rq_total{cluster=\"orders\"}", Scrape().Samples.Keys);
        _clock.Now += TimeSpan.FromMinutes(2);
        Assert.DoesNotContain("pillion_cluster_upstream_rq_total{cluster=\"orders\"}", Scrape().Samples.Keys);
    }

    [Fact]
    public void Owners_beyond_the_limit_are_counted_together_and_said_to_be()
    {
        foreach (var name in new[] { "a", "b", "c", "d", "e" })
        {
            _registry.Cluster(name, 0).RequestsTotal++;
        }

        var samples = Scrape().Samples;
        Assert.Equal(2, samples["pillion_cluster_upstream_rq_total{cluster=\"_overflow\"}"]);
        Assert.Equal(2, samples["pillion_metrics_folded_owners_total"]);
        Assert.DoesNotContain("pillion_cluster_upstream_rq_total{cluster=\"d\"}", samples.Keys);
    }

    [Fact]
    public void Words_beyond_the_limit_are_counted_together()
    {
        var counts = new LabelledCounts(3);
        foreach (var word in new[] { "a", "b", "c", "d", "a" })
        {
            counts.Count(word);
        }

        var sums = new SortedDictionary<string, long>();
        counts.AddTo(sums);
        Assert.Equal(new SortedDictionary<string, long> { ["a"] = 2, ["b"] = 1, [LabelledCounts.Overflow] = 2 }, sums);
    }

    [Fact]
    public void Every_rule_of_HTTP_has_its_own_count()
    {
        foreach (var violation in Enum.GetValues<HttpViolation>())
        {
            _registry.Http("ingress", 0).CountViolation(violation);
        }

        var samples = Scrape().Samples;
        Assert.Equal(1, samples["pillion_http_downstream_rq_violation_total{http=\"ingress\",rule=\"length_and_chunked\"}"]);
        Assert.DoesNotContain(samples.Keys, name => name.Contains("_overflow\""));
    }

    [Fact]
    public void Label_values_are_escaped()
    {
        _registry.Cluster("a\"b\\c\nd", 0).RequestsTotal++;
        Assert.Contains("""pillion_cluster_upstream_rq_total{cluster="a\"b\\c\nd"}""", Scrape().Samples.Keys);
    }

    [Theory]
    [InlineData(0, "0.0005")]
    [InlineData(500, "0.0005")]
    [InlineData(501, "0.001")]
    [InlineData(3_600_000_000, "3600")]
    [InlineData(3_600_000_001, "+Inf")]
    public void A_sample_falls_into_the_first_bucket_that_holds_it(long micros, string bucket)
    {
        _registry.Cluster("orders", 0).RequestsTotal++;
        _registry.Cluster("orders", 0).Duration.Record(micros);
        var buckets = Scrape().Samples
            .Where(s => s.Key.StartsWith("pillion_cluster_upstream_rq_duration_seconds_bucket", StringComparison.Ordinal) && s.Value == 1)
            .Select(s => s.Key).ToList();
        Assert.EndsWith($"le=\"{bucket}\"}}", buckets[0]);
    }

    [Fact]
    public void Stats_are_Envoys_names_in_dots()
    {
        UseEverything();
        var output = new ArrayBufferWriter<byte>();
        StatsText.Write(output, _registry);
        var text = Encoding.UTF8.GetString(output.WrittenSpan);
        Assert.Contains("\ncluster.orders.upstream_rq_total: 5\n", text);
        Assert.Contains("\nhttp.ingress.downstream_rq_2xx: 1\n", text);
        Assert.Contains("\nserver.state: 2\n", text);
        Assert.Matches(@"\nhttp\.ingress\.downstream_rq_time: P50\([0-9.]+\) .*count\(2\) sum_ms\(15\.798\)\n", text);

        output.Clear();
        StatsText.WriteJson(output, _registry, filter: "upstream_rq_total");
        using var json = JsonDocument.Parse(output.WrittenMemory);
        var stat = Assert.Single(json.RootElement.GetProperty("stats").EnumerateArray());
        Assert.Equal("cluster.orders.upstream_rq_total", stat.GetProperty("name").GetString());
        Assert.Equal(5, stat.GetProperty("value").GetDouble());
    }

    [Fact]
    public void Reloads_are_counted_and_dated()
    {
        _registry.Server.ReloadSucceeded(0xFFFF_0000_0000_0007);
        _registry.Server.ReloadFailed();
        _registry.Server.State = 0;
        _clock.Now += TimeSpan.FromSeconds(90);
        var samples = Scrape().Samples;
        Assert.Equal(1, samples["pillion_server_config_reload_success_total"]);
        Assert.Equal(1, samples["pillion_server_config_reload_failure_total"]);
        Assert.Equal(7, samples["pillion_server_config_version"]);
        Assert.Equal(1, samples["pillion_server_live"]);
        Assert.Equal(90, samples["pillion_server_uptime_seconds"]);
        Assert.Equal(_clock.Now.ToUnixTimeSeconds() - 90, samples["pillion_server_config_last_reload_success_timestamp_seconds"]);
    }

    [Fact]
    public void Counting_allocates_nothing()
    {
        var http = _registry.Http("ingress", 0);
        var cluster = _registry.Cluster("orders", 0);
        var record = Sample.Refused();
        Assert.Equal(0, Allocations.Of(() =>
        {
            http.RequestsTotal++;
            http.CountFinished(record);
            cluster.CountAttempt(record.LastAttempt);
        }));
    }

    [Fact]
    public void A_scrape_while_a_loop_counts_sees_only_whole_and_growing_values()
    {
        var cells = _registry.Cluster("orders", 0);
        var stop = false;
        var loop = new Thread(() =>
        {
            while (!Volatile.Read(ref stop))
            {
                cells.RequestsTotal++;
                cells.Duration.Record(700);
                cells.Failures.Count("connect_refused");
            }
        });
        loop.Start();
        try
        {
            double last = 0;
            for (var i = 0; i < 50; i++)
            {
                var total = Scrape().Samples.GetValueOrDefault("pillion_cluster_upstream_rq_total{cluster=\"orders\"}");
                Assert.True(total >= last);
                last = total;
            }
        }
        finally
        {
            Volatile.Write(ref stop, true);
            loop.Join();
        }
    }

    private void UseEverything()
    {
        _registry.Listener("inbound", 0).ConnectionsTotal++;
        _registry.Http("ingress", 0).CountFinished(Sample.Served());
        _registry.Http("ingress", 0).RequestsTotal++;
        _registry.Http("ingress", 1).CountFinished(Sample.Refused());
        _registry.Http("ingress", 1).CountViolation(HttpViolation.LengthAndChunked);
        _registry.Cluster("orders", 0).RequestsTotal = 5;
        _registry.Cluster("orders", 0).CountAttempt(new Attempt { Failure = new Failure(FailureSide.Upstream, FailureKind.ConnectTimeout) });
        _registry.AccessLogs.Cells("/dev/stdout", 0).Drop("queue_full", 2);
    }

    private PrometheusText Scrape(bool usedOnly = true) => PrometheusText.Read(Text(MetricNaming.Pillion, usedOnly));

    private string Text(MetricNaming naming, bool usedOnly)
    {
        var output = new ArrayBufferWriter<byte>();
        MetricText.Write(output, _registry, naming, usedOnly);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }
}
