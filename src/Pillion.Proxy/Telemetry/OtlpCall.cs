using System.Buffers.Binary;
using System.Globalization;
using System.IO.Compression;
using System.Runtime.CompilerServices;
using System.Text;
using Pillion.Core.Protobuf;
using Pillion.Core.Signals.Otlp;
using Pillion.Net.Http;
using Pillion.Net.Loop;
using Pillion.Proxy.Grpc;
using Pillion.Proxy.Upstreams;
using Pillion.Proxy.Upstreams.Calls;

namespace Pillion.Proxy.Telemetry;

/// <summary>One batch on its way to a collector, by either protocol, and what the answer means (OTLP specification, "OTLP/gRPC" and "OTLP/HTTP").</summary>
internal sealed class OtlpCall
{
    private const int PrefixBytes = 5;

    private readonly ProxyLoop _loop;
    private readonly Cluster _cluster;
    private readonly OtlpConfig _to;
    private readonly OtlpSignal _signal;
    private readonly byte[] _body;
    private readonly CallAnswer _answer = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource<OtlpAnswer> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Off the loop: the message is put into its frame, and compressed where that is asked for, here.</summary>
    public OtlpCall(ProxyLoop loop, Cluster cluster, OtlpConfig to, OtlpSignal signal, ReadOnlyMemory<byte> message)
    {
        _loop = loop;
        _cluster = cluster;
        _to = to;
        _signal = signal;
        _body = Frame(to, message);
    }

    public Task<OtlpAnswer> Answer => _done.Task;

    /// <summary>On the loop. Told by <see cref="Answer"/>, whatever happens.</summary>
    public void Start() => _ = RunAsync();

    /// <summary>On the loop.</summary>
    public void Stop() => _stop.Cancel();

    private static byte[] Frame(OtlpConfig to, ReadOnlyMemory<byte> message)
    {
        using var body = new MemoryStream(message.Length + PrefixBytes);
        if (to.Protocol == OtlpProtocol.Grpc)
        {
            body.Write([to.Gzip ? (byte)1 : (byte)0, 0, 0, 0, 0]);
        }

        if (to.Gzip)
        {
            using var zip = new GZipStream(body, CompressionLevel.Fastest, leaveOpen: true);
            zip.Write(message.Span);
        }
        else
        {
            body.Write(message.Span);
        }

        var bytes = body.ToArray();
        if (to.Protocol == OtlpProtocol.Grpc)
        {
            BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(1), bytes.Length - PrefixBytes);
        }

        return bytes;
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder))]
    private async ValueTask RunAsync()
    {
        try
        {
            var head = RequestHeads.Rent();
            WriteHead(head);
            await ClusterCall.AskAsync(_loop, _cluster, head, _body, _answer, _to.Timeout, _stop.Token);
            RequestHeads.Return(head);
            _done.SetResult(_to.Protocol == OtlpProtocol.Grpc ? ReadGrpc() : ReadHttp());
        }
        catch (Exception exception)
        {
            _loop.Unhandled(exception);
            _done.TrySetResult(new OtlpAnswer(OtlpOutcome.Unavailable, exception.GetType().Name));
        }
    }

    private void WriteHead(RequestHead head)
    {
        var grpc = _to.Protocol == OtlpProtocol.Grpc;
        head.Clear();
        head.Version = grpc ? (byte)20 : (byte)11;
        head.SetMethod(HttpMethod.Post, "POST"u8);
        head.SetTarget(Encoding.ASCII.GetBytes(Path(grpc)));
        head.SetAuthority(Encoding.ASCII.GetBytes(_to.Authority ?? _to.Cluster));
        head.Body = BodyKind.Length;
        head.ContentLength = _body.Length;
        head.Fields.Add(KnownField.UserAgent, "pillion-otlp"u8);
        if (grpc)
        {
            Span<byte> text = stackalloc byte[GrpcTimeout.MaxBytes];
            head.Fields.Add(KnownField.ContentType, GrpcContent.Type);
            head.Fields.Add(KnownField.TE, "trailers"u8);
            head.Fields.Add(KnownField.GrpcTimeout, text[..GrpcTimeout.Write(text, _to.Timeout)]);
            if (_to.Gzip)
            {
                head.Fields.Add("grpc-encoding"u8, "gzip"u8);
            }
        }
        else
        {
            head.Fields.Add(KnownField.ContentType, "application/x-protobuf"u8);
            if (_to.Gzip)
            {
                head.Fields.Add(KnownField.ContentEncoding, "gzip"u8);
            }
        }

        foreach (var (name, value) in _to.Headers)
        {
            head.Fields.Add(Encoding.ASCII.GetBytes(name), Encoding.UTF8.GetBytes(value));
        }
    }

    private string Path(bool grpc) => (grpc, _signal) switch
    {
        (true, OtlpSignal.Traces) => "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
        (true, OtlpSignal.Logs) => "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
        (true, _) => "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
        _ when _to.Path is { } path => path,
        (_, OtlpSignal.Traces) => _to.PathPrefix + "/v1/traces",
        (_, OtlpSignal.Logs) => _to.PathPrefix + "/v1/logs",
        _ => _to.PathPrefix + "/v1/metrics",
    };

    private OtlpAnswer ReadHttp()
    {
        if (_answer.Problem is { } problem)
        {
            return new OtlpAnswer(OtlpOutcome.Unavailable, problem);
        }

        var status = _answer.Head.Status;
        return status switch
        {
            >= 200 and < 300 => ReadPartial(_answer.Body.Span),
            // Those and no others may be sent again ("Retryable Response Codes").
            429 or 502 or 503 or 504 => new OtlpAnswer(OtlpOutcome.Unavailable, $"it answered {status}", RetryAfter: RetryAfter()),
            _ => new OtlpAnswer(OtlpOutcome.Refused, $"it answered {status}"),
        };
    }

    private OtlpAnswer ReadGrpc()
    {
        if (_answer.Problem is { } problem)
        {
            return new OtlpAnswer(OtlpOutcome.Unavailable, problem);
        }

        var status = GrpcStatus.Read(_answer.Trailers);
        status = status < 0 ? GrpcStatus.Read(_answer.Head.Fields) : status;
        status = status < 0 ? GrpcStatus.OfHttp(_answer.Head.Status) : status;
        var body = _answer.Body.Span;
        if (status == 0)
        {
            return body.Length >= PrefixBytes && body[0] == 0 && BinaryPrimitives.ReadUInt32BigEndian(body[1..]) == body.Length - PrefixBytes
                ? ReadPartial(body[PrefixBytes..])
                : new OtlpAnswer(OtlpOutcome.Refused, "its answer is not one message");
        }

        var said = $"it answered with gRPC status {status}";
        var delay = GrpcRetryInfo.Read(_answer.Trailers) ?? GrpcRetryInfo.Read(_answer.Head.Fields);
        return status switch
        {
            // CANCELLED, DEADLINE_EXCEEDED, ABORTED, OUT_OF_RANGE, UNAVAILABLE, DATA_LOSS; RESOURCE_EXHAUSTED where it says that it will pass.
            1 or 4 or 10 or 11 or 14 or 15 => new OtlpAnswer(OtlpOutcome.Unavailable, said, RetryAfter: delay ?? TimeSpan.Zero),
            8 when delay is not null => new OtlpAnswer(OtlpOutcome.Unavailable, said, RetryAfter: delay.Value),
            _ => new OtlpAnswer(OtlpOutcome.Refused, said),
        };
    }

    // Export…ServiceResponse { partial_success = 1 { rejected_… = 1, error_message = 2 } }. A message that cannot be read is no reason to send again.
    private static OtlpAnswer ReadPartial(ReadOnlySpan<byte> message)
    {
        var reader = new ProtoReader(message);
        while (reader.Next())
        {
            if (reader is { Field: 1, WireType: 2 })
            {
                var partial = new ProtoReader(reader.Bytes);
                long rejected = 0;
                string? problem = null;
                while (partial.Next())
                {
                    rejected = partial is { Field: 1, WireType: 0 } ? partial.Int : rejected;
                    problem = partial is { Field: 2, WireType: 2 } ? Encoding.UTF8.GetString(partial.Bytes[..Math.Min(partial.Bytes.Length, 200)]) : problem;
                }

                return new OtlpAnswer(OtlpOutcome.Accepted, problem, Math.Max(0, rejected));
            }
        }

        return new OtlpAnswer(OtlpOutcome.Accepted);
    }

    // Seconds, or a date (RFC 9110 §10.2.3).
    private TimeSpan RetryAfter()
    {
        var text = Encoding.ASCII.GetString(_answer.Head.Fields.Get(KnownField.RetryAfter));
        return
            uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) ? TimeSpan.FromSeconds(seconds) :
            DateTimeOffset.TryParseExact(text, "R", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var date) && date > _loop.Events.Time.GetUtcNow() ? date - _loop.Events.Time.GetUtcNow() :
            TimeSpan.Zero;
    }
}
