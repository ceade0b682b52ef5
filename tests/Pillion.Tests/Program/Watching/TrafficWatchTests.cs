using System.Text;
using Pillion.Core.Signals;
using Pillion.Tests.Core.Signals;
using Pillion.Tests.Support;
using Pillion.Watching;
using Xunit;

namespace Pillion.Tests.Program.Watching;

public sealed class TrafficWatchTests
{
    private readonly ManualTimeProvider _clock = new();

    [Fact]
    public void Each_look_tells_what_happened_since_the_one_before()
    {
        var watch = new TrafficWatch(TrafficView.Routes, 2, _clock);
        watch.Ended(0, Sample.Served(), null, null);
        watch.Ended(1, Sample.Refused(), null, null);
        _clock.Advance(TimeSpan.FromSeconds(2));
        var row = Assert.Single(watch.Take());
        Assert.Equal(("orders-all", "inbound", 2L, 1L, 1.0, 1L), (row.Name, row.Listener, row.Requests, row.Failures, row.RequestsPerSecond, row.Retries));
        Assert.Equal((24L, 690L), (row.Received, row.Sent));
        Assert.Equal("503 connect refused: Connection refused", row.LastFailure);
        Assert.InRange(row.P99Millis, 7.899, 7.899 * 1.125);

        _clock.Advance(TimeSpan.FromSeconds(1));
        row = Assert.Single(watch.Take());
        Assert.Equal((0L, 0L, 0.0, 0.0), (row.Requests, row.Failures, row.RequestsPerSecond, row.P50Millis));
        Assert.Equal("503 connect refused: Connection refused", row.LastFailure);
    }

    [Fact]
    public void Routes_of_the_same_name_on_two_listeners_are_two_rows()
    {
        var watch = new TrafficWatch(TrafficView.Routes, 1, _clock);
        var other = Sample.Served();
        other.Listener = "outbound";
        watch.Ended(0, Sample.Served(), null, null);
        watch.Ended(0, other, null, null);
        Assert.Equal(["inbound", "outbound"], watch.Take().Select(row => row.Listener));
    }

    [Fact]
    public void A_peer_is_known_by_its_verified_identity_else_by_its_address()
    {
        var watch = new TrafficWatch(TrafficView.Peers, 1, _clock);
        var known = Sample.Served();
        known.PeerIdentity = "spiffe://example.org/ns/shop/sa/web";
        watch.Ended(0, known, null, null);
        watch.Ended(0, Sample.Served(), null, null);
        Assert.Equal(["10.1.2.3", "spiffe://example.org/ns/shop/sa/web"], watch.Take().Select(row => row.Name));
    }

    [Fact]
    public void What_finds_no_room_is_counted_together()
    {
        var watch = new TrafficWatch(TrafficView.Clusters, 1, _clock);
        for (var i = 0; i < TrafficWatch.Most + 100; i++)
        {
            var record = Sample.Served();
            record.Cluster = $"c{i}";
            watch.Ended(0, record, null, null);
        }

        var rows = watch.Take();
        Assert.Equal(TrafficWatch.Most, rows.Count);
        Assert.Equal((TrafficWatch.Others, 101L), (rows[0].Name, rows[0].Requests));
        Assert.Equal(TrafficWatch.Most + 100, rows.Sum(row => row.Requests));
    }

    [Fact]
    public void A_time_is_told_at_most_an_eighth_too_long()
    {
        var random = new Random(4);
        for (var i = 0; i < 5000; i++)
        {
            var micros = (long)Math.Pow(2, random.NextDouble() * 35);
            var counts = new LatencyCounts();
            counts.Record(micros);
            var sum = new long[LatencyCounts.Steps];
            counts.AddTo(sum);
            Assert.InRange(LatencyCounts.Quantile(sum, 0.5), micros, Math.Max(micros, micros * 1.125));
        }

        Assert.Equal(0, LatencyCounts.Quantile(new long[LatencyCounts.Steps], 0.99));
    }

    [Fact]
    public void Quantiles_are_those_of_the_sorted_samples()
    {
        var counts = new LatencyCounts();
        for (var i = 1; i <= 100; i++)
        {
            counts.Record(i * 1000);
        }

        var sum = new long[LatencyCounts.Steps];
        counts.AddTo(sum);
        Assert.InRange(LatencyCounts.Quantile(sum, 0.5), 50_000, 56_250);
        Assert.InRange(LatencyCounts.Quantile(sum, 0.99), 99_000, 111_375);
    }

    [Fact]
    public void The_table_sorts_by_any_column_and_keeps_to_its_width()
    {
        const string Line = """
            {"time":"2026-11-24T10:00:00Z","by":"routes","interval_ms":1000,"active_requests":3,"active_connections":5,"rows":[
            {"name":"quick","listener":"in","requests":90,"requests_per_second":90,"failures":0,"p50_ms":0.5,"p99_ms":1.2,"bytes_received":100,"bytes_sent":2500000,"retries":0},
            {"name":"broken","listener":"in","requests":10,"requests_per_second":10,"failures":5,"p50_ms":20,"p99_ms":300,"bytes_received":0,"bytes_sent":10,"retries":4,"last_failure_at":"2026-11-24T09:59:59Z","last_failure":"503 connect refused: a\u001b[2Jvery long cause that goes on and on for much longer than any terminal is wide"}]}
            """;
        var byRate = TopTable.Text(Line, TopOrder.Rate, default, width: 120).Split('\n');
        Assert.Equal("routes  10:00:00  100.0 requests/s, 5 failed, 3 under way, 5 connections", byRate[0]);
        Assert.Equal("quick         90.0       0.0       0.5       1.2     100    2.5M      0       -", byRate[3]);
        Assert.StartsWith("broken        10.0      50.0      20.0     300.0       0      10      4       -  09:59:59 503 connect refused: a?[2J", byRate[4]);
        Assert.All(byRate, line => Assert.True(line.Length <= 120, line));
        Assert.StartsWith("broken", TopTable.Text(Line, TopOrder.P99, default).Split('\n')[3]);
        Assert.StartsWith("broken", TopTable.Text(Line, TopOrder.Name, default).Split('\n')[3]);
        Assert.StartsWith("quick", TopTable.Text(Line, TopOrder.Bytes, default).Split('\n')[3]);
    }
}
