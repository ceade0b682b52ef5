namespace Pillion.Proxy.Filters.Affinity;

/// <summary>Keeps a client with the endpoint that answered it first (Envoy: StatefulSession).</summary>
internal sealed record AffinityConfig : FilterConfig
{
    public override FilterKind Kind => FilterKinds.Affinity;

    /// <summary>The name of the cookie or header that says which endpoint.</summary>
    public required string Name { get; init; }

    /// <summary>By a header that the client sends again itself; else by a cookie.</summary>
    public bool ByHeader { get; init; }

    /// <summary>Zero: until the client ends.</summary>
    public TimeSpan Ttl { get; init; }

    /// <summary>Only requests below this path have the session; empty is all.</summary>
    public string Path { get; init; } = "";

    /// <summary>When its endpoint cannot be used the request is refused, not moved (Envoy: strict).</summary>
    public bool IsStrict { get; init; }
}
