using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Pillion.Core.Resilience;
using Pillion.Core.Signals;

namespace Pillion.Tapping;

/// <summary>A tapped request as one line for a person, or as an object a line for a script.</summary>
internal static class TapText
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void Write(IBufferWriter<byte> output, TappedRequest tapped, Ink ink)
    {
        var record = tapped.Record;
        var began = new DateTime(record.StartedUtcTicks, DateTimeKind.Utc).ToString("HH:mm:ss.fff", CultureInfo.InvariantCulture);
        var who = record.PeerIdentity.Length > 0 ? record.PeerIdentity : record.Downstream.AddressText();
        var text = new StringBuilder();
        text.Append(ink.Faint(began)).Append("  ").Append(ink.Status(record.Status, record.Status == 0 ? "---" : record.Status.ToString(CultureInfo.InvariantCulture)))
            .Append("  ").Append(((record.DurationMicros / 1000.0).ToString("0.000", CultureInfo.InvariantCulture) + " ms").PadLeft(12))
            .Append("  ").Append(Clean(who)).Append(" > ").Append(record.Route.Length > 0 ? record.Route : record.Listener)
            .Append(record.UpstreamHost.Length > 0 ? $" > {record.UpstreamHost}" : "")
            .Append("  ").Append(Method(record)).Append(Clean(record.Authority.ToString())).Append(Clean(TapRedaction.Target(record.Target.ToString())))
            .Append(record.AttemptCount > 1 ? $"  {record.AttemptCount} attempts" : "")
            .Append(record.Failure.IsFailure ? "  " + ink.Red(FailureWords.Of(record.Failure.Kind)) : "")
            .Append("  ").Append(ink.Faint(Clean(record.Id.ToString())));
        while (text.Length > 0 && text[^1] == ' ')
        {
            text.Length--;
        }

        text.Append('\n');
        foreach (var (name, value) in tapped.Headers ?? [])
        {
            text.Append("    ").Append(ink.Faint(Clean(name) + ":")).Append(' ').Append(Clean(TapRedaction.Header(name, value))).Append('\n');
        }

        Encoding.UTF8.GetBytes(text.ToString(), output);
    }

    public static void WriteJson(IBufferWriter<byte> output, TappedRequest tapped)
    {
        var record = tapped.Record;
        using (var json = new Utf8JsonWriter(output, Options))
        {
            json.WriteStartObject();
            json.WriteString("time", new DateTime(record.StartedUtcTicks, DateTimeKind.Utc));
            json.WriteString("id", record.Id.ToString());
            json.WriteString("listener", record.Listener);
            json.WriteString("client", record.Downstream.ToString());
            json.WriteString("peer_identity", record.PeerIdentity);
            json.WriteString("method", record.Method.ToString());
            json.WriteString("authority", record.Authority.ToString());
            json.WriteString("target", TapRedaction.Target(record.Target.ToString()));
            json.WriteNumber("status", record.Status);
            json.WriteNumber("duration_ms", record.DurationMicros / 1000m);
            json.WriteNumber("bytes_received", record.BytesReceived);
            json.WriteNumber("bytes_sent", record.BytesSent);
            json.WriteString("route", record.Route);
            json.WriteString("cluster", record.Cluster);
            json.WriteString("upstream", record.UpstreamHost);
            json.WriteNumber("attempts", record.AttemptCount);
            json.WriteString("flags", ResponseFlagText.ToText(record.Flags));
            json.WriteString("failure", record.Failure.IsFailure ? FailureWords.Of(record.Failure.Kind) : "");
            if (tapped.Headers is { } headers)
            {
                json.WriteStartArray("headers");
                foreach (var (name, value) in headers)
                {
                    json.WriteStartArray();
                    json.WriteStringValue(name);
                    json.WriteStringValue(TapRedaction.Header(name, value));
                    json.WriteEndArray();
                }

                json.WriteEndArray();
            }

            json.WriteEndObject();
        }

        output.Write("\n"u8);
    }

    public static void WriteDropped(IBufferWriter<byte> output, long count, bool asJson, Ink ink) => Encoding.UTF8.GetBytes(
        asJson ? $"{{\"dropped\":{count}}}\n" : ink.Yellow(string.Create(CultureInfo.InvariantCulture, $"({count} requests are not shown: they came faster than they could be told)")) + "\n",
        output);

    private static string Method(RequestRecord record) => record.Method.IsEmpty ? "" : Clean(record.Method.ToString()) + " ";

    // A terminal is steered by control characters, and a client chose these bytes.
    private static string Clean(string text)
    {
        var line = new LineBuffer { Escaping = Escaping.Text };
        line.Value(text);
        return line.ToString();
    }
}
