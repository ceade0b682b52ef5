namespace Pillion.Proxy.Configuration.Balancing;

/// <summary>What of a request is hashed.</summary>
internal enum HashSource
{
    /// <summary>The value of a header; several are taken together.</summary>
    Header,

    /// <summary>The value of a cookie, which the client is given where it has none and there is a time to live.</summary>
    Cookie,

    /// <summary>The address that the connection is from, without its port.</summary>
    Source,

    /// <summary>The value of a parameter of the query.</summary>
    Query,

    /// <summary>The path as it is sent on, without the query.</summary>
    Path,
}

/// <summary>One thing that decides which endpoint a request belongs to (Envoy: RouteAction.HashPolicy).</summary>
/// <param name="Name">Of the header, cookie or parameter.</param>
internal sealed record HashPolicyConfig(HashSource Source, string Name = "")
{
    /// <summary>Null: no cookie is given. Zero: until the client ends.</summary>
    public TimeSpan? CookieTtl { get; init; }

    public string CookiePath { get; init; } = "";

    /// <summary>Where there is a hash by now, what follows is not looked at.</summary>
    public bool IsTerminal { get; init; }
}
