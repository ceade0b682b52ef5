using System.Buffers;
using System.Text.Json;
using Pillion.Admin;
using Pillion.Core.Signals.Metrics;
using Pillion.Core.Signals.Watching;

namespace Pillion.Watching;

/// <summary>What happened in each interval, an object a line, for as long as somebody reads.</summary>
internal sealed class TopStream(TrafficView view, TrafficWatch watch, RequestWatchers watchers, MetricRegistry metrics, TimeSpan interval, TimeProvider time) : IAdminStream
{
    public async ValueTask<ReadOnlyMemory<byte>> NextAsync(CancellationToken cancellationToken)
    {
        try
        {
            await Task.Delay(interval, time, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return default;
        }

        var output = new ArrayBufferWriter<byte>(4096);
        using (var json = new Utf8JsonWriter(output))
        {
            Write(json, time.GetUtcNow().UtcDateTime, watch.Take(view == TrafficView.Clusters ? ByOwner(metrics.Clusters, "upstream_rq_active") : null));
        }

        output.Write("\n"u8);
        return output.WrittenMemory;
    }

    public void Dispose() => watchers.Remove(watch);

    private void Write(Utf8JsonWriter json, DateTime now, IReadOnlyList<TrafficRow> rows)
    {
        json.WriteStartObject();
        json.WriteString("time", now);
        json.WriteString("by", view.ToString().ToLowerInvariant());
        json.WriteNumber("interval_ms", (long)interval.TotalMilliseconds);
        json.WriteNumber("active_requests", ByOwner(metrics.Https, "downstream_rq_active").Values.Sum());
        json.WriteNumber("active_connections", ByOwner(metrics.Listeners, "downstream_cx_active").Values.Sum());
        json.WriteStartArray("rows");
        foreach (var row in rows)
        {
            json.WriteStartObject();
            json.WriteString("name", row.Name);
            if (row.Listener.Length > 0)
            {
                json.WriteString("listener", row.Listener);
            }

            json.WriteNumber("requests", row.Requests);
            json.WriteNumber("requests_per_second", Math.Round(row.RequestsPerSecond, 1));
            json.WriteNumber("failures", row.Failures);
            if (row.Active is { } active)
            {
                json.WriteNumber("active", active);
            }

            json.WriteNumber("p50_ms", row.P50Millis);
            json.WriteNumber("p99_ms", row.P99Millis);
            json.WriteNumber("bytes_received", row.Received);
            json.WriteNumber("bytes_sent", row.Sent);
            json.WriteNumber("retries", row.Retries);
            if (row.LastFailureAt is { } at)
            {
                json.WriteString("last_failure_at", at);
                json.WriteString("last_failure", row.LastFailure);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static Dictionary<string, long> ByOwner(MetricScope scope, string name) =>
        scope.Collect(usedOnly: false).Where(family => family.Name == name).SelectMany(family => family.Series)
            .GroupBy(series => series.Owner).ToDictionary(group => group.Key, group => (long)group.Sum(series => series.Value));
}
