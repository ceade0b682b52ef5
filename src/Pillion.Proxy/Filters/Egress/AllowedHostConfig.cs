using Pillion.Core.Configuration;

namespace Pillion.Proxy.Filters.Egress;

/// <summary>A host that may be called though no service covers it.</summary>
internal sealed record AllowedHostConfig
{
    /// <summary>As it is written, for what is told of it.</summary>
    public required string Text { get; init; }

    /// <summary>Without port, and of <see cref="IsSuffix"/> with its first dot.</summary>
    public required string Host { get; init; }

    public bool IsSuffix { get; init; }

    /// <summary>Null is every port.</summary>
    public int? Port { get; init; }

    public SourceLine Source { get; init; }
}
