using Pillion.Core.Configuration;
using Pillion.Core.Signals.Otlp;
using Pillion.Core.Signals.Tracing;

namespace Pillion.Proxy.Configuration;

/// <summary>Which requests of a listener are traced, how the trace is passed on, and where its spans go (Envoy: HttpConnectionManager.tracing).</summary>
internal sealed record TracingConfig
{
    /// <summary>The collector; null records no spans, and passes traces on only.</summary>
    public OtlpConfig? Export { get; init; }

    /// <summary>The share of traces begun here that are recorded, in per cent (Envoy: random_sampling, 100).</summary>
    public double Sample { get; init; } = 100;

    /// <summary>Of requests that ask for it by x-client-trace-id, in per cent (Envoy: client_sampling); 0 asks nobody.</summary>
    public double ClientSample { get; init; }

    /// <summary>The most that is recorded of either, in per cent (Envoy: overall_sampling).</summary>
    public double OverallSample { get; init; } = 100;

    /// <summary>What the caller has decided is followed; false decides here alone.</summary>
    public bool FollowsCaller { get; init; } = true;

    /// <summary>In the order in which a request is asked for them; all of them are sent on.</summary>
    public ValueList<TraceFormat> Formats { get; init; } = [TraceFormat.W3c];

    /// <summary>Each attempt has a span of its own, which the upstream is told (Envoy: spawn_upstream_span, there off).</summary>
    public bool Attempts { get; init; } = true;

    /// <summary>The query is recorded too.</summary>
    public bool Query { get; init; }

    /// <summary>The most that is recorded of a path (Envoy: max_path_tag_length, 256).</summary>
    public int PathLength { get; init; } = 256;

    public ValueList<CustomTag> Tags { get; init; } = [];

    public SourceLine Source { get; init; }
}
