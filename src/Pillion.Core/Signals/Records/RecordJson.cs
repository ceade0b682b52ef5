using System.Buffers;
using System.Text.Json;
using Pillion.Core.Configuration;
using Pillion.Core.Resilience;

namespace Pillion.Core.Signals.Records;

/// <summary>A record as JSON, for <c>/explain/{id}</c> and <c>/requests</c>; the same keys as the access log where they mean the same.</summary>
internal static class RecordJson
{
    public static void Write(IBufferWriter<byte> output, RequestRecord record)
    {
        using var json = new Utf8JsonWriter(output);
        Write(json, record);
    }

    public static void Write(IBufferWriter<byte> output, IEnumerable<RequestRecord> records)
    {
        using var json = new Utf8JsonWriter(output);
        json.WriteStartArray();
        foreach (var record in records)
        {
            Write(json, record);
        }

        json.WriteEndArray();
    }

    public static void Write(Utf8JsonWriter json, RequestRecord record)
    {
        json.WriteStartObject();
        json.WriteString("time", new DateTime(record.StartedUtcTicks, DateTimeKind.Utc));
        Text(json, "id", record.Id);
        Text(json, "trace_id", record.TraceId);
        Text(json, "listener", record.Listener);
        Text(json, "client", record.Downstream.Equals(default) ? null : record.Downstream.ToString());
        Text(json, "peer_identity", record.PeerIdentity);
        Text(json, "method", record.Method);
        Text(json, "authority", record.Authority);
        Text(json, "target", record.Target);
        json.WriteNumber("status", record.Status);
        json.WriteString("answered_by", record.Status == 0 ? "nobody" : record.AnsweredLocally ? "pillion" : record.UpstreamIsApplication ? "application" : "upstream");
        json.WriteNumber("bytes_received", record.BytesReceived);
        json.WriteNumber("bytes_sent", record.BytesSent);
        Millis(json, "duration_ms", record.DurationMicros);
        Millis(json, "request_ms", record.RequestReceivedMicros);
        Millis(json, "upstream_start_ms", record.UpstreamStartedMicros);
        Millis(json, "upstream_answer_ms", record.UpstreamAnsweredMicros);
        Text(json, "virtual_host", record.VirtualHost);
        Text(json, "route", record.Route);
        Line(json, "route_line", record.RouteSource);
        Text(json, "cluster", record.Cluster);
        Text(json, "upstream", record.UpstreamHost);
        Text(json, "flags", record.Flags == ResponseFlags.None ? null : ResponseFlagText.ToText(record.Flags));
        Failure(json, record.Failure);
        Verdicts(json, record);
        Attempts(json, record);
        json.WriteString("reason", Explanations.Sentence(record));
        Text(json, "remedy", Remedies.Of(record));
        json.WriteEndObject();
    }

    private static void Verdicts(Utf8JsonWriter json, RequestRecord record)
    {
        json.WriteStartArray("verdicts");
        foreach (var verdict in record.Verdicts)
        {
            json.WriteStartObject();
            json.WriteString("policy", verdict.Policy);
            json.WriteString("outcome", verdict.Outcome);
            Line(json, "line", verdict.Source);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void Attempts(Utf8JsonWriter json, RequestRecord record)
    {
        json.WriteNumber("attempt_count", record.AttemptCount);
        json.WriteStartArray("attempts");
        foreach (var attempt in record.Attempts)
        {
            json.WriteStartObject();
            Text(json, "endpoint", attempt.Endpoint);
            Millis(json, "start_ms", attempt.StartMicros);
            Millis(json, "duration_ms", attempt.DurationMicros);
            json.WriteBoolean("reused_connection", attempt.Reused);
            if (attempt.Status > 0)
            {
                json.WriteNumber("status", attempt.Status);
            }

            Failure(json, attempt.Failure);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void Failure(Utf8JsonWriter json, Failure failure)
    {
        if (!failure.IsFailure)
        {
            return;
        }

        json.WriteStartObject("failure");
        json.WriteString("side", FailureWords.Of(failure.Side));
        json.WriteString("kind", FailureWords.Of(failure.Kind));
        json.WriteBoolean("sent_anything", failure.SentAnything);
        json.WriteBoolean("received_anything", failure.ReceivedAnything);
        json.WriteBoolean("reused_connection", failure.Reused);
        Text(json, "cause", failure.Cause);
        json.WriteEndObject();
    }

    private static void Line(Utf8JsonWriter json, string key, SourceLine line)
    {
        if (line.Line > 0)
        {
            json.WriteString(key, line.ToString());
        }
    }

    // Through a string: bytes that are not UTF-8 become U+FFFD instead of an exception.
    private static void Text(Utf8JsonWriter json, string key, BoundedText text) => Text(json, key, text.IsEmpty ? null : text.ToString());

    private static void Text(Utf8JsonWriter json, string key, string? text)
    {
        if (!string.IsNullOrEmpty(text))
        {
            json.WriteString(key, text);
        }
    }

    private static void Millis(Utf8JsonWriter json, string key, long micros)
    {
        if (micros >= 0)
        {
            json.WriteNumber(key, micros / 1000m);
        }
    }
}
