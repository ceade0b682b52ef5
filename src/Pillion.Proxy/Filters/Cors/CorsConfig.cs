using Pillion.Core.Configuration;
using Pillion.Proxy.Configuration;

namespace Pillion.Proxy.Filters.Cors;

/// <summary>Which pages of other origins a browser may let read answers (Fetch §3.2; Envoy: CorsPolicy).</summary>
internal sealed record CorsConfig : FilterConfig
{
    public override FilterKind Kind => FilterKinds.Cors;

    public ValueList<ValueMatchConfig> Origins { get; init; } = [];

    /// <summary>The list as it is sent; <c>*</c> is whatever is asked for.</summary>
    public string Methods { get; init; } = "";

    /// <inheritdoc cref="Methods"/>
    public string Headers { get; init; } = "";

    public string ExposeHeaders { get; init; } = "";

    /// <summary>Seconds; empty says nothing, which is 5 in browsers.</summary>
    public string MaxAge { get; init; } = "";

    /// <summary>Null is what is inherited, and false.</summary>
    public bool? Credentials { get; init; }

    /// <summary>Pages of public networks may ask (Private Network Access).</summary>
    public bool? PrivateNetwork { get; init; }

    /// <summary>A preflight of another origin goes on to the application; else it is refused (Envoy: forward_not_matching_preflights, true).</summary>
    public bool? ForwardOthers { get; init; }

    /// <summary>What the application says of origins that are not allowed here is removed; Envoy leaves it.</summary>
    public bool DecidesAlone { get; init; }
}
