using Pillion.Net;

namespace Pillion.Proxy.Listeners.Matching;

/// <summary>What a connection is chosen a filter chain by.</summary>
internal readonly record struct ConnectionFacts
{
    public required PeerAddress Source { get; init; }

    /// <summary>Where the client connected to, before redirection where there was one.</summary>
    public required PeerAddress Destination { get; init; }

    public bool IsTls { get; init; }

    /// <summary>Of the client hello; null where it names none.</summary>
    public string? ServerName { get; init; }

    /// <summary>What the client hello offers, or what the first bytes showed: http/1.1, h2c.</summary>
    public IReadOnlyList<string> ApplicationProtocols { get; init; }
}
