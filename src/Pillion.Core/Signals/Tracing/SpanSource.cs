using System.Text;
using Pillion.Core.Configuration;

namespace Pillion.Core.Signals.Tracing;

/// <summary>What the spans of one listener have in common; shared by all of them, immutable.</summary>
internal sealed class SpanSource(ValueList<CustomTag> tags, bool attempts, bool query, int pathLength = 256)
{
    private readonly CustomTag[] _tags = [.. tags];

    /// <summary>Names of the headers that tags are taken from, in the order of <see cref="Tags"/>; null for a literal.</summary>
    public byte[]?[] HeaderNames { get; } = [.. tags.Select(tag => tag.Header is null ? null : Encoding.ASCII.GetBytes(tag.Header))];

    public ReadOnlySpan<CustomTag> Tags => _tags;

    /// <summary>Each attempt at an upstream has a span of its own (Envoy: spawn_upstream_span).</summary>
    public bool Attempts => attempts;

    /// <summary>The most that is recorded of a path, in bytes.</summary>
    public int PathLength => pathLength;

    /// <summary>The query is recorded too; it may hold what nobody else should see.</summary>
    public bool Query => query;
}
