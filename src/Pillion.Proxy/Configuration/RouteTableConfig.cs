using Pillion.Core.Configuration;

namespace Pillion.Proxy.Configuration;

/// <summary>The virtual hosts of a listener (Envoy: RouteConfiguration).</summary>
internal sealed record RouteTableConfig
{
    public string Name { get; init; } = "";

    public ValueList<VirtualHostConfig> VirtualHosts { get; init; } = [];

    public HeaderEditConfig RequestHeaders { get; init; } = HeaderEditConfig.None;

    public HeaderEditConfig ResponseHeaders { get; init; } = HeaderEditConfig.None;
}

/// <summary>The routes of one or several host names.</summary>
internal sealed record VirtualHostConfig
{
    public required string Name { get; init; }

    /// <summary>Exact (<c>a.example</c>), suffix (<c>*.example</c>), prefix (<c>a.*</c>) or every host (<c>*</c>); matched in that order, longest first, case ignored.</summary>
    public required ValueList<string> Domains { get; init; }

    public ValueList<RouteConfig> Routes { get; init; } = [];

    public HeaderEditConfig RequestHeaders { get; init; } = HeaderEditConfig.None;

    public HeaderEditConfig ResponseHeaders { get; init; } = HeaderEditConfig.None;

    /// <summary>Used by routes that have none of their own.</summary>
    public RetryConfig? Retry { get; init; }

    /// <summary>Used by routes that have none of their own.</summary>
    public ValueList<MirrorConfig> Mirrors { get; init; } = [];

    /// <summary>Envoy: include_request_attempt_count.</summary>
    public bool CountsAttempts { get; init; }

    /// <summary>Envoy: include_attempt_count_in_response.</summary>
    public bool TellsAttempts { get; init; }

    public SourceLine Source { get; init; }
}
