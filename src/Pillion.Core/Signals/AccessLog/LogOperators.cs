using Pillion.Core.Resilience;

namespace Pillion.Core.Signals.AccessLog;

/// <summary>The operators of access log formats under Envoy's names, and a few of our own.</summary>
internal static class LogOperators
{
    /// <summary>Name, what stands in its parentheses (empty when it takes none), what it writes.</summary>
    public static readonly (string Name, string Argument, string Meaning, Func<LogOperator> Make)[] Plain =
    [
        ("PROTOCOL", "", "HTTP/1.0, HTTP/1.1 or HTTP/2", () => new TextOperator(Protocol)),
        ("RESPONSE_CODE", "", "The status that the client got; 0 when it got none", () => new NumberOperator(r => r.Status)),
        ("RESPONSE_CODE_DETAILS", "", "Who gave the status and why, in Envoy's words", () => TextOperator.Of(Details)),
        ("RESPONSE_FLAGS", "", "Envoy's response flags, such as UF,URX", () => new TextOperator((l, r) => Flags(l, r, longNames: false))),
        ("RESPONSE_FLAGS_LONG", "", "The same in full words", () => new TextOperator((l, r) => Flags(l, r, longNames: true))),
        ("BYTES_RECEIVED", "", "Body bytes from the client", () => new NumberOperator(r => r.BytesReceived)),
        ("BYTES_SENT", "", "Body bytes to the client", () => new NumberOperator(r => r.BytesSent)),
        ("DURATION", "", "Milliseconds from the first byte of the request to the last byte of the answer", () => Millis(r => r.DurationMicros)),
        ("REQUEST_DURATION", "", "Milliseconds until the last byte of the request had arrived", () => Millis(r => r.RequestReceivedMicros)),
        ("REQUEST_TX_DURATION", "", "Milliseconds until the first byte was sent upstream", () => Millis(r => r.UpstreamStartedMicros)),
        ("RESPONSE_DURATION", "", "Milliseconds until the first byte of the answer came from upstream", () => Millis(r => r.UpstreamAnsweredMicros)),
        ("RESPONSE_TX_DURATION", "", "Milliseconds from the first byte of the answer from upstream to its last byte to the client", () => Millis(Transmission)),
        ("UPSTREAM_HOST", "", "The endpoint that answered, or the last one tried", () => TextOperator.Of(r => r.UpstreamHost)),
        ("UPSTREAM_REMOTE_ADDRESS", "", "The same", () => TextOperator.Of(r => r.UpstreamHost)),
        ("UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT", "", "The same without its port", () => new TextOperator(UpstreamHostOnly)),
        ("UPSTREAM_CLUSTER", "", "The cluster", () => TextOperator.Of(r => r.Cluster)),
        ("UPSTREAM_TRANSPORT_FAILURE_REASON", "", "Why no connection was made upstream, in the system's words", () => TextOperator.Of(TransportFailure)),
        ("UPSTREAM_REQUEST_ATTEMPT_COUNT", "", "How often the request was sent upstream, or tried to", () => new NumberOperator(r => r.AttemptCount)),
        ("ROUTE_NAME", "", "The route that matched", () => TextOperator.Of(r => r.Route)),
        ("VIRTUAL_HOST_NAME", "", "The virtual host that matched", () => TextOperator.Of(r => r.VirtualHost)),
        ("DOWNSTREAM_REMOTE_ADDRESS", "", "The client's address and port", () => new TextOperator((l, r) => Address(l, r.Downstream, withPort: true))),
        ("DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT", "", "The client's address", () => new TextOperator((l, r) => Address(l, r.Downstream, withPort: false))),
        ("DOWNSTREAM_REMOTE_PORT", "", "The client's port", () => new NumberOperator(r => Port(r.Downstream))),
        ("DOWNSTREAM_LOCAL_ADDRESS", "", "The address and port that the client connected to", () => new TextOperator((l, r) => Address(l, r.DownstreamLocal, withPort: true))),
        ("DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT", "", "The address that the client connected to", () => new TextOperator((l, r) => Address(l, r.DownstreamLocal, withPort: false))),
        ("DOWNSTREAM_LOCAL_PORT", "", "The port that the client connected to", () => new NumberOperator(r => Port(r.DownstreamLocal))),
        ("CONNECTION_TERMINATION_DETAILS", "", "Why Pillion closed the client's connection, when it did so for a fault of the client", () => TextOperator.Of(Termination)),
        ("GRPC_STATUS", "", "The gRPC status as a word", () => new GrpcStatusOperator(asNumber: false)),
        ("GRPC_STATUS_NUMBER", "", "The gRPC status as a number", () => new GrpcStatusOperator(asNumber: true)),
        ("HOSTNAME", "", "The name of this machine or pod", MachineName),
        ("TRACE_ID", "", "The W3C trace id", () => TextOperator.Of(r => r.TraceId)),
        ("STREAM_ID", "", "The request id", () => TextOperator.Of(r => r.Id)),
        ("LISTENER", "", "Pillion's own: the listener", () => TextOperator.Of(r => r.Listener)),
        ("ROUTE_LINE", "", "Pillion's own: the line of the configuration that the route stands on", () => new TextOperator(RouteLine)),
        ("REASON", "", "Pillion's own: one sentence that says why a request failed", () => new TextOperator(Reason)),
    ];

    /// <summary>The operators that take something in parentheses; <see cref="LogFormatReader"/> makes them.</summary>
    public static readonly (string Name, string Argument, string Meaning)[] WithArgument =
    [
        ("START_TIME", "(PATTERN)", "When the request began, in UTC, by a strftime pattern; %Y-%m-%dT%H:%M:%E3SZ without one"),
        ("REQ", "(X?Y):Z", "The request field X or, when it is missing, Y, cut at Z bytes; also :METHOD, :PATH, :AUTHORITY and :SCHEME"),
        ("REQ_WITHOUT_QUERY", "(X?Y):Z", "The same up to the first question mark"),
        ("RESP", "(X?Y):Z", "The response field"),
        ("TRAILER", "(X?Y):Z", "The response trailer"),
        ("ENVIRONMENT", "(NAME):Z", "The environment variable, read once at the start"),
    ];

    public static IEnumerable<string> Names => Plain.Select(o => o.Name).Concat(WithArgument.Select(o => o.Name));

    /// <summary>Envoy's RESPONSE_CODE_DETAILS.</summary>
    public static string Details(RequestRecord record) =>
        record.Details is { } details ? details :
        record.Failure.IsFailure ? FailureTable.For(record.Failure).Details :
        record.AnsweredLocally ? "direct_response" : FailureTable.For(FailureKind.None).Details;

    private static NumberOperator Millis(Func<RequestRecord, long> micros) => new(record =>
    {
        var value = micros(record);
        return value < 0 ? -1 : value / 1000;
    });

    private static long Transmission(RequestRecord record) =>
        record is { UpstreamAnsweredMicros: >= 0, DurationMicros: >= 0 } ? Math.Max(0, record.DurationMicros - record.UpstreamAnsweredMicros) : -1;

    private static TextOperator MachineName()
    {
        var name = Environment.MachineName;
        return TextOperator.Of(_ => name);
    }

    private static bool Protocol(LineBuffer line, RequestRecord record)
    {
        if (record.Version is not (10 or 11 or 20))
        {
            return false;
        }

        line.Raw(ProtocolName(record.Version));
        return true;
    }

    public static ReadOnlySpan<byte> ProtocolName(byte version) => version switch
    {
        10 => "HTTP/1.0"u8,
        11 => "HTTP/1.1"u8,
        20 => "HTTP/2"u8,
        _ => ""u8,
    };

    private static bool Flags(LineBuffer line, RequestRecord record, bool longNames)
    {
        if (record.Flags == ResponseFlags.None)
        {
            return false;
        }

        ResponseFlagText.Write(line, record.Flags, longNames);
        return true;
    }

    private static bool UpstreamHostOnly(LineBuffer line, RequestRecord record)
    {
        var host = record.UpstreamHost;
        var colon = host.LastIndexOf(':');
        if (host.Length == 0)
        {
            return false;
        }

        if (colon <= 0 || host.StartsWith("unix:", StringComparison.Ordinal))
        {
            line.Value(host);
            return true;
        }

        for (var i = 0; i < colon; i++)
        {
            line.Raw((byte)host[i]);
        }

        return true;
    }

    private static string? TransportFailure(RequestRecord record) =>
        record.Failure.Kind is FailureKind.ConnectRefused or FailureKind.ConnectTimeout or FailureKind.ConnectFailed or FailureKind.TlsFailed or FailureKind.TlsCertificate or FailureKind.NameNotResolved
            ? record.Failure.Cause ?? FailureWords.Of(record.Failure.Kind)
            : null;

    private static string? Termination(RequestRecord record) =>
        record.Failure.Side == FailureSide.Downstream && record.Failure.Kind != FailureKind.ClientGone && FailureTable.For(record.Failure).Close
            ? record.Failure.Cause ?? FailureWords.Of(record.Failure.Kind)
            : null;

    private static bool Address(LineBuffer line, Net.PeerAddress address, bool withPort)
    {
        if (address.Equals(default))
        {
            return false;
        }

        var room = line.Room(64);
        line.Advance(withPort ? address.Format(room) : address.FormatAddress(room));
        return true;
    }

    private static long Port(Net.PeerAddress address) => address.Equals(default) || address.IsUnix ? -1 : address.Port;

    private static bool RouteLine(LineBuffer line, RequestRecord record)
    {
        if (record.RouteSource.Line == 0)
        {
            return false;
        }

        SourceLineText.Write(line, record.RouteSource);
        return true;
    }

    private static bool Reason(LineBuffer line, RequestRecord record)
    {
        if (!record.Failure.IsFailure)
        {
            return false;
        }

        Explanations.Write(line, record);
        return true;
    }
}
