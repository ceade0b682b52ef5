using Pillion.Core.Configuration;

namespace Pillion.Proxy.Configuration;

/// <summary>Copies of requests for a cluster whose answers nobody gets (Envoy: RequestMirrorPolicy).</summary>
internal sealed record MirrorConfig
{
    public required string Cluster { get; init; }

    /// <summary>Share of the requests, in per cent (Envoy: runtime_fraction.default_value, there all).</summary>
    public double Percent { get; init; } = 100;

    /// <summary>The copy's Host ends in <c>-shadow</c> (Envoy: disable_shadow_host_suffix_append turns it off).</summary>
    public bool MarksHost { get; init; } = true;

    /// <summary>A request with a longer body is not copied.</summary>
    public int MaxBodyBytes { get; init; } = 64 * 1024;

    public SourceLine Source { get; init; }
}
