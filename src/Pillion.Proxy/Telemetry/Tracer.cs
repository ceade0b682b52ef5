using Pillion.Core.Signals;
using Pillion.Core.Signals.Metrics;
using Pillion.Core.Signals.Otlp;
using Pillion.Core.Signals.Tracing;
using Pillion.Net.Http;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Forwarding;
using Pillion.Proxy.Grpc;

namespace Pillion.Proxy.Telemetry;

/// <summary>
/// The tracing of one listener, compiled: continues a request's trace or begins one, decides whether it is recorded, tells the upstream, and leaves what was
/// recorded to the exporter. Immutable, shared by all loops; a request that is not recorded costs a look at its fields.
/// </summary>
internal sealed class Tracer
{
    private readonly TraceFormat[] _formats;
    private readonly bool _followsCaller;
    private readonly TraceRatio _sample;
    private readonly TraceRatio _clientSample;
    private readonly TraceRatio _overallSample;
    private readonly bool _asksClients;
    private readonly SpanSource _source;
    private readonly OtlpExporter? _exporter;
    private readonly (SpanRing Ring, OtlpMetrics Metrics)[] _spans;

    public Tracer(TracingConfig config, OtlpExporter? exporter, int loops)
    {
        _formats = [.. config.Formats];
        _followsCaller = config.FollowsCaller;
        _sample = new TraceRatio(config.Sample);
        _clientSample = new TraceRatio(config.ClientSample);
        _overallSample = new TraceRatio(config.OverallSample);
        _asksClients = config.ClientSample > 0;
        _source = new SpanSource(config.Tags, config.Attempts, config.Query, config.PathLength);
        _exporter = exporter;
        _spans = exporter is null ? [] : [.. Enumerable.Range(0, loops).Select(exporter.Spans)];
    }

    /// <summary>Reads the trace of a request that has just come.</summary>
    public void Begin(Exchange exchange)
    {
        var fields = exchange.Request.Fields;
        var record = exchange.Record;
        var random = exchange.Loop.RandomBytes;
        ref var trace = ref record.Trace;
        var received = TracePropagation.Read(fields, _formats);
        var isContinued = received.HasTrace;
        if (isContinued)
        {
            trace.High = received.High;
            trace.Low = received.Low;
            trace.Parent = received.Parent;
        }
        else
        {
            // tracestate belongs to the trace that it came with (W3C Trace Context §3.3).
            fields.RemoveAll(KnownField.TraceState);
            trace.High = random.Next();
            trace.Low = random.NextNotZero();
        }

        var isDecided = _followsCaller && received.IsSampled is not null;
        trace.IsSampled = isDecided ? received.IsSampled!.Value : _exporter is null ? received.IsSampled ?? false : Decide(fields, trace.Low);
        trace.IsRecorded = trace.IsSampled && _exporter is not null;
        if (trace.IsRecorded)
        {
            trace.Span = random.NextNotZero();
            TracePropagation.Inject(fields, _formats, trace, trace.Span);
        }
        else if (!isContinued)
        {
            TracePropagation.Inject(fields, _formats, trace, random.NextNotZero());
        }
        else if (_formats.Length > 1 || (_exporter is not null && trace.IsSampled != received.IsSampled))
        {
            // No span of ours stands between: the caller's stays the parent, said in every format.
            TracePropagation.Inject(fields, _formats, trace, trace.Parent);
        }

        Span<byte> id = stackalloc byte[TraceContext.TraceIdLength];
        HexText.Write(id, trace.High);
        HexText.Write(id[16..], trace.Low);
        record.TraceId.Set(id);
    }

    /// <summary>Before an attempt is sent: its span is what the upstream is told as the parent of its own.</summary>
    public void BeginAttempt(Exchange exchange, ref Attempt attempt)
    {
        ref var trace = ref exchange.Record.Trace;
        if (trace.IsRecorded && _source.Attempts)
        {
            attempt.Span = exchange.Loop.RandomBytes.NextNotZero();
            TracePropagation.Inject(exchange.Request.Fields, _formats, trace, attempt.Span);
        }
    }

    /// <summary>The request has ended: where it is recorded it is copied for the exporter, or dropped and counted.</summary>
    public void End(Exchange exchange)
    {
        var record = exchange.Record;
        if (!record.Trace.IsRecorded)
        {
            return;
        }

        var (ring, metrics) = _spans[exchange.Loop.Index];
        if (ring.Next() is not { } place)
        {
            metrics.Dropped.Count(OtlpExporter.QueueFull, _source.Attempts ? 1 + record.Attempts.Length : 1);
            return;
        }

        var status = !exchange.IsGrpc ? -1 : GrpcStatus.Read(exchange.AnswerTrailers) is >= 0 and var trailing ? trailing : GrpcStatus.Read(exchange.Response.Fields);
        place.Fill(_source, record, exchange.Request, exchange.IsGrpc, status);
        ring.Publish();
        if (ring.Waiting == Math.Min(OtlpExporter.BatchSpans, (ring.Capacity + 1) / 2))
        {
            _exporter!.Wake();
        }
    }

    // By the trace's own id, so that all who ask for the same share record the same traces.
    private bool Decide(FieldList fields, ulong low) =>
        (_sample.Includes(low) || (_asksClients && _clientSample.Includes(low) && fields.IndexOf("x-client-trace-id"u8) >= 0)) && _overallSample.Includes(low);
}
