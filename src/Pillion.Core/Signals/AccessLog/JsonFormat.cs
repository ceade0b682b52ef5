using System.Runtime.CompilerServices;
using Pillion.Core.Resilience;

namespace Pillion.Core.Signals.AccessLog;

/// <summary>
/// Pillion's own JSON line: all that the record knows, in a fixed order; what has no value is left out. Times are milliseconds with
/// microseconds behind the point.
/// </summary>
internal sealed class JsonFormat : LogFormat
{
    private static readonly LogOperator UserAgent = new FieldOperator(FieldSource.Request, "user-agent", null, 256, withoutQuery: false);
    private static readonly LogOperator ForwardedFor = new FieldOperator(FieldSource.Request, "x-forwarded-for", null, 256, withoutQuery: false);

    private readonly TimePattern _time = TimePattern.Parse(TimePattern.Default, out _)!;
    private readonly WrittenText _listener = new();
    private readonly WrittenText _upstream = new();
    private readonly WrittenRoutes _routes = new();

    /// <summary>The keys and what stands behind them, for the reference.</summary>
    public static (string Key, string Meaning)[] Keys { get; } =
    [
        ("time", "When the first byte of the request arrived, UTC"),
        ("id", "The request id; `pillion explain` takes it"),
        ("trace_id", "The W3C trace id"),
        ("listener", "The listener"),
        ("client", "The client's address and port"),
        ("method", "The method"),
        ("authority", "The host and port that the client asked for"),
        ("target", "The target as the client sent it, at most 256 bytes"),
        ("protocol", "HTTP/1.0, HTTP/1.1 or HTTP/2"),
        ("status", "The status that the client got; 0 when it got none"),
        ("answered_by", "pillion, upstream, application, or nobody"),
        ("bytes_received", "Body bytes from the client"),
        ("bytes_sent", "Body bytes to the client"),
        ("duration_ms", "From the first byte of the request to the last byte of the answer"),
        ("request_ms", "Until the last byte of the request had arrived"),
        ("upstream_start_ms", "Until the first byte was sent upstream"),
        ("upstream_answer_ms", "Until the first byte of the answer came from upstream"),
        ("virtual_host", "The virtual host that matched"),
        ("route", "The route that matched"),
        ("route_line", "The line of the configuration that the route stands on"),
        ("cluster", "The cluster"),
        ("upstream", "The endpoint that answered, or the last one tried"),
        ("attempts", "How often the request was sent upstream, or tried to"),
        ("user_agent", "The request's User-Agent, at most 256 bytes"),
        ("forwarded_for", "The request's X-Forwarded-For, at most 256 bytes"),
        ("flags", "Envoy's response flags"),
        ("details", "Envoy's response code details, when the request failed"),
        ("failure", "The kind of failure"),
        ("reason", "One sentence that says why the request failed"),
    ];

    public override void Write(LineBuffer line, in LogExchange exchange)
    {
        var record = exchange.Record;
        line.Escaping = Escaping.Json;
        line.Raw("{\"time\":\""u8);
        _time.Write(line, record.StartedUtcTicks);
        line.Raw((byte)'"');
        Text(line, ",\"id\":\""u8, record.Id);
        Text(line, ",\"trace_id\":\""u8, record.TraceId);
        _listener.Write(line, ",\"listener\":\""u8, record.Listener);
        Client(line, record);
        Text(line, ",\"method\":\""u8, record.Method);
        Text(line, ",\"authority\":\""u8, record.Authority);
        Text(line, ",\"target\":\""u8, record.Target);
        Protocol(line, record);
        Number(line, ",\"status\":"u8, record.Status);
        line.Raw(",\"answered_by\":"u8);
        line.Raw(AnsweredBy(record));
        Number(line, ",\"bytes_received\":"u8, record.BytesReceived);
        Number(line, ",\"bytes_sent\":"u8, record.BytesSent);
        Millis(line, ",\"duration_ms\":"u8, record.DurationMicros);
        Millis(line, ",\"request_ms\":"u8, record.RequestReceivedMicros);
        Millis(line, ",\"upstream_start_ms\":"u8, record.UpstreamStartedMicros);
        Millis(line, ",\"upstream_answer_ms\":"u8, record.UpstreamAnsweredMicros);
        _routes.Write(line, record);
        _upstream.Write(line, ",\"upstream\":\""u8, record.UpstreamHost);
        if (record.AttemptCount > 0)
        {
            Number(line, ",\"attempts\":"u8, record.AttemptCount);
        }

        Field(line, ",\"user_agent\":\""u8, UserAgent, exchange);
        Field(line, ",\"forwarded_for\":\""u8, ForwardedFor, exchange);
        Failure(line, record);
        line.Raw("}\n"u8);
    }

    private static ReadOnlySpan<byte> AnsweredBy(RequestRecord record) =>
        record.Status == 0 ? "\"nobody\""u8 :
        record.AnsweredLocally ? "\"pillion\""u8 :
        record.UpstreamIsApplication ? "\"application\""u8 : "\"upstream\""u8;

    private static void Failure(LineBuffer line, RequestRecord record)
    {
        if (record.Flags != ResponseFlags.None)
        {
            line.Raw(",\"flags\":\""u8);
            ResponseFlagText.Write(line, record.Flags);
            line.Raw((byte)'"');
        }

        if (record.Failure.IsFailure)
        {
            Text(line, ",\"details\":\""u8, LogOperators.Details(record));
            Text(line, ",\"failure\":\""u8, FailureWords.Of(record.Failure.Kind));
            line.Raw(",\"reason\":\""u8);
            Explanations.Write(line, record);
            line.Raw((byte)'"');
        }
    }

    private static void Client(LineBuffer line, RequestRecord record)
    {
        if (!record.Downstream.Equals(default))
        {
            line.Raw(",\"client\":\""u8);
            line.Advance(record.Downstream.Format(line.Room(64)));
            line.Raw((byte)'"');
        }
    }

    private static void Protocol(LineBuffer line, RequestRecord record)
    {
        if (LogOperators.ProtocolName(record.Version) is { IsEmpty: false } name)
        {
            line.Raw(",\"protocol\":\""u8);
            line.Raw(name);
            line.Raw((byte)'"');
        }
    }

    private static void Field(LineBuffer line, ReadOnlySpan<byte> key, LogOperator field, in LogExchange exchange)
    {
        var start = line.Length;
        line.Raw(key);
        if (field.Write(line, exchange))
        {
            line.Raw((byte)'"');
        }
        else
        {
            line.CutTo(start);
        }
    }

    // Inlined, so that the key is written as the constant that it is.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Text(LineBuffer line, ReadOnlySpan<byte> key, BoundedText text)
    {
        if (!text.IsEmpty)
        {
            line.Raw(key);
            line.Value(text.Span);
            line.Raw((byte)'"');
        }
    }

    private static void Text(LineBuffer line, ReadOnlySpan<byte> key, string text)
    {
        if (text.Length > 0)
        {
            line.Raw(key);
            line.Value(text);
            line.Raw((byte)'"');
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Number(LineBuffer line, ReadOnlySpan<byte> key, long value)
    {
        line.Raw(key);
        line.Number(value);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Millis(LineBuffer line, ReadOnlySpan<byte> key, long micros)
    {
        if (micros >= 0)
        {
            line.Raw(key);
            line.Millis(micros);
        }
    }
}
