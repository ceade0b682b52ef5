using System.Buffers.Binary;
using Pillion.Core.Protobuf;
using Pillion.Core.Resilience;
using Pillion.Core.Signals.Tracing;

namespace Pillion.Core.Signals.Otlp;

/// <summary>
/// The spans of one request: one of kind server, and one of kind client for each attempt inside it. Names and attributes follow OpenTelemetry's
/// semantic conventions for HTTP (1.2x, stable); what those do not have begins with <c>pillion.</c>. Off the loop; used by one thread at a time.
/// </summary>
internal sealed class OtlpSpans(ProtoWriter writer)
{
    // ScopeSpans.spans.
    private const int SpanField = 2;
    private const int Attributes = 9;
    private const int Server = 2;
    private const int Client = 3;
    private const int Error = 2;

    private static readonly string[] Methods = ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY"];

    private readonly LineBuffer _text = new();

    /// <summary>Writes the fields of ScopeSpans that are this request's spans, and returns how many there are.</summary>
    public int Write(SpanRecord span)
    {
        WriteServer(span);
        var count = 1;
        if (span.Source.Attempts)
        {
            for (var i = 0; i < span.Request.Attempts.Length; i++)
            {
                if (span.Request.Attempts[i].Span != 0)
                {
                    WriteAttempt(span, i);
                    count++;
                }
            }
        }

        return count;
    }

    private void WriteServer(SpanRecord span)
    {
        var request = span.Request;
        var start = StartNanos(request);
        var at = Begin(request.Trace, request.Trace.Span, request.Trace.Parent, span.State, request.Trace.Parent != 0);
        Name(span, withRoute: true);
        writer.Int(6, Server);
        writer.Fixed(7, start);
        writer.Fixed(8, start + ((ulong)Math.Max(0, request.DurationMicros) * 1000));
        Method(span);
        Path(span);
        Text("url.scheme", span.IsHttps ? "https"u8 : "http"u8);
        Authority(request.Authority.Span, span.IsHttps);
        Text("network.protocol.version", Version(request.Version));
        Address("client.address", request.Downstream);
        Address("network.peer.address", request.Downstream);
        Port("network.peer.port", request.Downstream);
        Text("user_agent.original", span.UserAgent.Span);
        Status(request.Status);
        Number("http.request.body.size", request.BytesReceived);
        Number("http.response.body.size", request.BytesSent);
        Grpc(span);
        Text("pillion.listener", request.Listener);
        Text("pillion.virtual_host", request.VirtualHost);
        Text("pillion.route", request.Route);
        Text("pillion.cluster", request.Cluster);
        Text("pillion.peer", request.PeerIdentity);
        Text("pillion.request_id", request.Id.Span);
        if (request.AttemptCount > 1)
        {
            Number("pillion.attempts", request.AttemptCount);
        }

        if (request.AnsweredLocally)
        {
            OtlpAttributes.Bool(writer, Attributes, "pillion.answered_locally", true);
        }

        if (request.Flags != ResponseFlags.None)
        {
            _text.Clear();
            ResponseFlagText.Write(_text, request.Flags);
            Text("pillion.response_flags", _text.Written);
        }

        Tags(span);

        // A 4xx is the client's mistake, and no error of this side (conventions for HTTP: "status").
        var failed = request.Status >= 500 || request.Failure is { IsFailure: true, Side: not FailureSide.Downstream };
        if (failed || request.Failure.IsFailure)
        {
            Text("error.type", request.Failure.IsFailure ? FailureWords.Of(request.Failure.Kind) : Number(request.Status));
        }

        Verdicts(request, start);
        if (failed)
        {
            StatusOf(request.Failure.IsFailure ? Explanations.Sentence(request) : null);
        }

        writer.End(at);
    }

    private void WriteAttempt(SpanRecord span, int index)
    {
        var request = span.Request;
        ref readonly var attempt = ref request.Attempts[index];
        var start = StartNanos(request) + ((ulong)Math.Max(0, attempt.StartMicros) * 1000);

        // The attempt that was answered goes on until the client has all of its answer.
        var isAnswer = index == request.Attempts.Length - 1 && attempt.Status > 0;
        var end = isAnswer ? Math.Max(request.DurationMicros - attempt.StartMicros, attempt.DurationMicros) : attempt.DurationMicros;
        var at = Begin(request.Trace, attempt.Span, request.Trace.Span, span.State, parentIsRemote: false);
        Name(span, withRoute: false);
        writer.Int(6, Client);
        writer.Fixed(7, start);
        writer.Fixed(8, start + ((ulong)Math.Max(0, end) * 1000));
        Method(span);
        Path(span);
        Endpoint(attempt.Endpoint);
        Status(attempt.Status);
        if (isAnswer)
        {
            Grpc(span);
        }

        Text("pillion.cluster", request.Cluster);
        if (index > 0)
        {
            // The first is no "resend" (conventions for HTTP); why there is another one is what the one before met.
            Number("http.request.resend_count", index);
            ref readonly var before = ref request.Attempts[index - 1];
            Text("pillion.retry.reason", before.Failure.IsFailure ? FailureWords.Of(before.Failure.Kind) : Number(before.Status));
        }

        if (attempt.Reused)
        {
            OtlpAttributes.Bool(writer, Attributes, "pillion.connection.reused", true);
        }

        // To a client a 4xx is an error as well.
        if (attempt.Failure.IsFailure || attempt.Status >= 400)
        {
            Text("error.type", attempt.Failure.IsFailure ? FailureWords.Of(attempt.Failure.Kind) : Number(attempt.Status));
            StatusOf(attempt.Failure.Cause);
        }

        writer.End(at);
    }

    private int Begin(in TracePosition trace, ulong id, ulong parent, BoundedText state, bool parentIsRemote)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, trace.High);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], trace.Low);
        var at = writer.Begin(SpanField);
        writer.Bytes(1, bytes);
        BinaryPrimitives.WriteUInt64BigEndian(bytes, id);
        writer.Bytes(2, bytes[..8]);
        if (!state.IsEmpty && !state.IsCut)
        {
            OtlpAttributes.Utf8(writer, 3, state.Span);
        }

        if (parent != 0)
        {
            BinaryPrimitives.WriteUInt64BigEndian(bytes, parent);
            writer.Bytes(4, bytes[..8]);
        }

        // Sampled; and the two bits that say whether the parent is elsewhere.
        writer.Fixed4(16, 1u | 0x100u | (parentIsRemote ? 0x200u : 0));
        return at;
    }

    // {method} {route}; a gRPC call is named by what it calls. Both have few values, as a name must.
    private void Name(SpanRecord span, bool withRoute)
    {
        _text.Clear();
        if (span.IsGrpc && GrpcPath(span) is { IsEmpty: false } call)
        {
            _text.Raw(call);
        }
        else
        {
            _text.Raw(IsKnown(span.Request.Method.Span) ? span.Request.Method.Span : "HTTP"u8);
            if (withRoute && span.Request.Route.Length > 0)
            {
                _text.Raw((byte)' ');
                _text.Raw(span.Request.Route);
            }
        }

        OtlpAttributes.Utf8(writer, 5, _text.Written);
    }

    private void Method(SpanRecord span)
    {
        var method = span.Request.Method.Span;
        var known = IsKnown(method);
        Text("http.request.method", known ? method : "_OTHER"u8);
        if (!known)
        {
            Text("http.request.method_original", method);
        }
    }

    private void Path(SpanRecord span)
    {
        var target = span.Request.Target.Span;
        if (!target.StartsWith((byte)'/'))
        {
            // CONNECT has an authority there, OPTIONS may have an asterisk.
            return;
        }

        var query = target.IndexOf((byte)'?');
        var path = query < 0 ? target : target[..query];
        Text("url.path", path[..Math.Min(path.Length, span.Source.PathLength)]);
        if (query >= 0 && span.Source.Query)
        {
            Text("url.query", target[(query + 1)..]);
        }
    }

    private void Authority(ReadOnlySpan<byte> authority, bool isHttps)
    {
        var colon = authority.LastIndexOf((byte)':');
        var hasPort = colon >= 0 && !authority[(colon + 1)..].Contains((byte)']') && System.Buffers.Text.Utf8Parser.TryParse(authority[(colon + 1)..], out ushort _, out var used) && used == authority.Length - colon - 1;
        Text("server.address", hasPort ? authority[..colon] : authority);
        if (hasPort && System.Buffers.Text.Utf8Parser.TryParse(authority[(colon + 1)..], out ushort port, out _) && port != (isHttps ? 443 : 80))
        {
            Number("server.port", port);
        }
    }

    // An endpoint's text is address:port, [address]:port or unix:/path.
    private void Endpoint(string? endpoint)
    {
        if (string.IsNullOrEmpty(endpoint))
        {
            return;
        }

        var colon = endpoint.LastIndexOf(':');
        if (endpoint.StartsWith("unix:", StringComparison.Ordinal) || colon < 0 || !int.TryParse(endpoint.AsSpan(colon + 1), out var port))
        {
            Text("server.address", endpoint);
            return;
        }

        var address = endpoint[..colon].Trim('[', ']');
        Text("server.address", address);
        Number("server.port", port);
        Text("network.peer.address", address);
        Number("network.peer.port", port);
    }

    private void Grpc(SpanRecord span)
    {
        if (!span.IsGrpc)
        {
            return;
        }

        Text("rpc.system", "grpc"u8);
        var call = GrpcPath(span);
        var slash = call.LastIndexOf((byte)'/');
        if (slash > 0)
        {
            Text("rpc.service", call[..slash]);
            Text("rpc.method", call[(slash + 1)..]);
        }

        if (span.GrpcStatus >= 0)
        {
            Number("rpc.grpc.status_code", span.GrpcStatus);
        }
    }

    private static ReadOnlySpan<byte> GrpcPath(SpanRecord span)
    {
        var target = span.Request.Target.Span;
        var query = target.IndexOf((byte)'?');
        return (query < 0 ? target : target[..query]).TrimStart((byte)'/');
    }

    private void Tags(SpanRecord span)
    {
        for (var i = 0; i < span.Source.Tags.Length; i++)
        {
            var tag = span.Source.Tags[i];
            if (tag.Literal is not null)
            {
                Text(tag.Name, tag.Literal);
            }
            else if (!span.Tag(i).IsEmpty)
            {
                Text(tag.Name, span.Tag(i).Span);
            }
            else
            {
                Text(tag.Name, tag.Default);
            }
        }
    }

    // Events, as what they are: each policy's word with the line it came from.
    private void Verdicts(RequestRecord request, ulong start)
    {
        foreach (var verdict in request.Verdicts)
        {
            var at = writer.Begin(11);
            writer.Fixed(1, start);
            writer.Text(2, "pillion.verdict");
            OtlpAttributes.Text(writer, 3, "pillion.policy", verdict.Policy);
            OtlpAttributes.Text(writer, 3, "pillion.outcome", verdict.Outcome);
            if (verdict.Source.Line > 0)
            {
                OtlpAttributes.Text(writer, 3, "pillion.source", verdict.Source.ToString());
            }

            writer.End(at);
        }
    }

    private void StatusOf(string? message)
    {
        var at = writer.Begin(15);
        writer.Text(2, message);
        writer.Int(3, Error);
        writer.End(at);
    }

    private void Status(int status)
    {
        if (status > 0)
        {
            Number("http.response.status_code", status);
        }
    }

    private void Address(string name, Net.PeerAddress address)
    {
        if (address.Equals(default))
        {
            return;
        }

        Span<byte> text = stackalloc byte[64];
        Text(name, text[..address.FormatAddress(text)]);
    }

    private void Port(string name, Net.PeerAddress address)
    {
        if (address.Port > 0)
        {
            Number(name, address.Port);
        }
    }

    private void Text(string name, ReadOnlySpan<byte> value) => OtlpAttributes.Text(writer, Attributes, name, value);

    private void Text(string name, string? value) => OtlpAttributes.Text(writer, Attributes, name, value);

    private void Number(string name, long value) => OtlpAttributes.Int(writer, Attributes, name, value);

    private static string Number(int value) => value.ToString(System.Globalization.CultureInfo.InvariantCulture);

    private static ReadOnlySpan<byte> Version(byte version) => version switch { 10 => "1.0"u8, 20 => "2"u8, _ => "1.1"u8 };

    private static ulong StartNanos(RequestRecord request) => (ulong)Math.Max(0, request.StartedUtcTicks - DateTime.UnixEpoch.Ticks) * 100;

    private static bool IsKnown(ReadOnlySpan<byte> method)
    {
        foreach (var known in Methods)
        {
            if (System.Text.Ascii.Equals(method, known))
            {
                return true;
            }
        }

        return false;
    }
}
