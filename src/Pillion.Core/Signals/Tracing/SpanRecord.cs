using Pillion.Net.Http;

namespace Pillion.Core.Signals.Tracing;

/// <summary>A finished request that was sampled, copied where its loop no longer owns it: all that its spans are written from. Used again and again.</summary>
internal sealed class SpanRecord
{
    private BoundedText[] _tags = [];

    public RequestRecord Request { get; } = new();

    /// <summary>The caller's <c>tracestate</c>.</summary>
    public BoundedText State { get; } = new(512);

    public BoundedText UserAgent { get; } = new(160);

    public bool IsHttps { get; private set; }

    public bool IsGrpc { get; private set; }

    /// <summary>The call's own status; -1 where there is none.</summary>
    public int GrpcStatus { get; private set; }

    public SpanSource Source { get; private set; } = null!;

    /// <summary>The values of tags that come from headers; empty where the request had none.</summary>
    public BoundedText Tag(int index) => _tags[index];

    /// <summary>On the loop, behind the request's end.</summary>
    public void Fill(SpanSource source, RequestRecord record, RequestHead request, bool isGrpc, int grpcStatus)
    {
        Source = source;
        Request.CopyFrom(record);
        IsHttps = request.IsHttps;
        IsGrpc = isGrpc;
        GrpcStatus = grpcStatus;
        State.Set(request.Fields.Get(KnownField.TraceState));
        UserAgent.Set(request.Fields.Get(KnownField.UserAgent));
        var names = source.HeaderNames;
        if (_tags.Length < names.Length)
        {
            _tags = [.. Enumerable.Range(0, names.Length).Select(_ => new BoundedText(256))];
        }

        for (var i = 0; i < names.Length; i++)
        {
            if (names[i] is { } name)
            {
                var index = request.Fields.IndexOf(name);
                _tags[i].Set(index < 0 ? default : request.Fields.Value(index));
            }
        }
    }
}
