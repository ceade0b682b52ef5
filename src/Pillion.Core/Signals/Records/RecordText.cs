using System.Globalization;
using System.Text;
using Pillion.Core.Resilience;
using Pillion.Core.Signals.AccessLog;

namespace Pillion.Core.Signals.Records;

/// <summary>The story of one request for a person: what <c>pillion explain ID</c> prints.</summary>
internal static class RecordText
{
    private const int Column = 13;

    public static string Text(RequestRecord record, Ink ink = default)
    {
        var text = new StringBuilder();
        Row(text, "request", $"{Clean(record.Method)} {Clean(record.Target)}{(record.Target.IsCut ? "…" : "")}{Protocol(record)}");
        Row(text, "host", Clean(record.Authority));
        Row(text, "id", Clean(record.Id));
        Row(text, "trace", Clean(record.TraceId));
        Row(text, "began", new DateTime(record.StartedUtcTicks, DateTimeKind.Utc).ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture));
        Row(text, "client", record.Downstream.Equals(default) ? "" : $"{record.Downstream} on listener {record.Listener}");
        Row(text, "identity", record.PeerIdentity.Length == 0 ? "" : $"{record.PeerIdentity} (verified)");
        Row(text, "route", Route(record));
        Row(text, "cluster", record.Cluster);
        Verdicts(text, record);
        Attempts(text, record);
        Row(text, "bytes", $"{Whole(record.BytesReceived)} received from the client, {Whole(record.BytesSent)} sent to it");
        Timings(text, record);
        Row(text, "answer", Answer(record));
        Row(text, "flags", record.Flags == ResponseFlags.None ? "" : Flags(record.Flags));
        Painted(text, record, ink);
        text.Append('\n').Append(ink.Bold(Explanations.Sentence(record).ReplaceLineEndings(" "))).Append('\n');
        if (Remedies.Of(record) is { Length: > 0 } remedy)
        {
            text.Append("\nWhat you can do: ").Append(remedy).Append('\n');
        }

        return text.ToString();
    }

    // Labels step back behind what they name; the answer says by its colour how it went.
    private static void Painted(StringBuilder text, RequestRecord record, Ink ink)
    {
        if (!ink.IsOn)
        {
            return;
        }

        var lines = text.ToString().TrimEnd('\n').Split('\n');
        text.Clear();
        foreach (var line in lines)
        {
            var value = line[Column..];
            text.Append(ink.Faint(line[..Column])).Append(line.StartsWith("answer", StringComparison.Ordinal) ? ink.Status(record.Status, value) : value).Append('\n');
        }
    }

    /// <summary>One line for a list of requests: time, id, method, target, status, duration, failure.</summary>
    public static string Line(RequestRecord record)
    {
        var began = new DateTime(record.StartedUtcTicks, DateTimeKind.Utc).ToString("HH:mm:ss.fff", CultureInfo.InvariantCulture);
        var failure = record.Failure.IsFailure ? FailureWords.Of(record.Failure.Kind) : "";
        return $"{began}  {Clean(record.Id),-36}  {record.Status,3}  {Millis(record.DurationMicros),12}  {Clean(record.Method)} {Clean(record.Target)}  {failure}".TrimEnd();
    }

    internal static string Flags(ResponseFlags flags)
    {
        var text = new StringBuilder();
        for (var bit = 0; bit < ResponseFlagText.Count; bit++)
        {
            if (((uint)flags & (1u << bit)) != 0)
            {
                var (shortName, longName) = ResponseFlagText.Name(bit);
                text.Append(text.Length > 0 ? ", " : "").Append(shortName).Append(" (").Append(longName).Append(')');
            }
        }

        return text.ToString();
    }

    private static string Protocol(RequestRecord record)
    {
        var name = Encoding.ASCII.GetString(LogOperators.ProtocolName(record.Version));
        return name.Length == 0 ? "" : " " + name;
    }

    private static string Route(RequestRecord record) =>
        record.Route.Length == 0 ? "none matched" :
        $"{record.Route}{(record.VirtualHost.Length > 0 ? $" of virtual host {record.VirtualHost}" : "")}{(record.RouteSource.Line > 0 ? $", {record.RouteSource}" : "")}";

    private static void Verdicts(StringBuilder text, RequestRecord record)
    {
        var label = "policies";
        foreach (var verdict in record.Verdicts)
        {
            Row(text, label, $"{verdict.Policy}: {verdict.Outcome}{(verdict.Source.Line > 0 ? $" ({verdict.Source})" : "")}");
            label = "";
        }
    }

    private static void Attempts(StringBuilder text, RequestRecord record)
    {
        var width = 0;
        foreach (var attempt in record.Attempts)
        {
            width = Math.Max(width, (attempt.Endpoint ?? "").Length);
        }

        var number = 0;
        foreach (var attempt in record.Attempts)
        {
            number++;
            var label = number == 1 ? "attempts" : "";
            if (number == RequestRecord.MaxAttempts && record.AttemptCount > number)
            {
                Row(text, label, $"({record.AttemptCount - number} further attempts are not kept)");
                number = record.AttemptCount;
                label = "";
            }

            var outcome = attempt.Failure.IsFailure ? Failure(attempt.Failure) : $"answered {attempt.Status}";
            Row(text, label, $"{number}. {(attempt.Endpoint ?? "").PadRight(width)}  at {Millis(attempt.StartMicros),10}  for {Millis(attempt.DurationMicros),10}  {(attempt.Reused ? "reused connection" : "new connection   ")}  {outcome}");
        }
    }

    private static string Failure(Failure failure)
    {
        var sent = failure.SentAnything ? failure.ReceivedAnything ? ", answer begun" : ", request may have arrived" : ", nothing sent";
        return $"{FailureWords.Of(failure.Kind).Replace('_', ' ')}{(string.IsNullOrEmpty(failure.Cause) ? "" : $": {failure.Cause}")}{sent}";
    }

    private static void Timings(StringBuilder text, RequestRecord record)
    {
        var label = "times";
        foreach (var bar in TimeBars.Of(record))
        {
            Row(text, label, bar);
            label = "";
        }
    }

    private static string Answer(RequestRecord record) =>
        record.Status == 0 ? "none" :
        record.AnsweredLocally ? $"{record.Status}, made by Pillion" :
        $"{record.Status}, from {(record.UpstreamIsApplication ? "the application" : "the upstream")}";

    private static string Whole(long bytes) => bytes.ToString("N0", CultureInfo.InvariantCulture);

    private static string Millis(long micros) => micros < 0 ? "-" : (micros / 1000.0).ToString("0.000", CultureInfo.InvariantCulture) + " ms";

    // A terminal is steered by control characters, and a client chose these bytes.
    private static string Clean(BoundedText text)
    {
        var line = new LineBuffer { Escaping = Escaping.Text };
        line.Value(text.Span);
        return line.ToString();
    }

    private static void Row(StringBuilder text, string label, string value)
    {
        if (value.Length > 0)
        {
            text.Append(label.PadRight(Column)).Append(value.ReplaceLineEndings(" ")).Append('\n');
        }
    }
}
