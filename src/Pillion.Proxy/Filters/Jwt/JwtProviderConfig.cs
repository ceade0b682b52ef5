using Pillion.Core.Configuration;
using Pillion.Core.Identity.Secrets;
using Pillion.Proxy.Filters.Jwt.Keys;

namespace Pillion.Proxy.Filters.Jwt;

/// <summary>An issuer that is believed, how its tokens come and what becomes of them (Envoy: JwtProvider).</summary>
internal sealed record JwtProviderConfig
{
    public required string Name { get; init; }

    /// <summary>What <c>iss</c> must be; null does not look.</summary>
    public string? Issuer { get; init; }

    /// <summary>One of these must be among <c>aud</c>; empty does not look.</summary>
    public ValueList<string> Audiences { get; init; } = [];

    /// <summary>The keys in a file, which is watched, or in the configuration; null where they are fetched.</summary>
    public SecretPart? KeyFile { get; init; }

    public RemoteKeysConfig? RemoteKeys { get; init; }

    /// <summary>A token without <c>exp</c> is refused (Envoy: require_expiration, there false).</summary>
    public bool RequireExpiry { get; init; } = true;

    /// <summary>How far ahead <c>exp</c> may be at most; zero does not look (Envoy: max_lifetime).</summary>
    public TimeSpan MaxLifetime { get; init; }

    /// <summary>By how much clocks may differ (Envoy: clock_skew_seconds, 60).</summary>
    public TimeSpan ClockSkew { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The token goes on with the request; otherwise it is taken out once it was verified (Envoy: forward).</summary>
    public bool Forward { get; init; }

    public ValueList<TokenHeader> FromHeaders { get; init; } = [TokenHeader.Bearer];

    public ValueList<string> FromParams { get; init; } = ["access_token"];

    public ValueList<string> FromCookies { get; init; } = [];

    /// <summary>The header that carries the token's payload on, base64url; null carries it nowhere (Envoy: forward_payload_header).</summary>
    public string? PayloadHeader { get; init; }

    /// <summary>The payload is padded (Envoy: pad_forward_payload_header).</summary>
    public bool PadsPayload { get; init; }

    public ValueList<ClaimHeader> ClaimHeaders { get; init; } = [];

    /// <summary>A list or map of a claim becomes base64url of its JSON, as in Envoy; else a list's values are joined by commas.</summary>
    public bool ListsAsJson { get; init; }

    /// <summary>Verified tokens that each loop remembers; 0 remembers none (Envoy: jwt_cache_size, 100).</summary>
    public int CacheSize { get; init; } = 100;

    public SourceLine Source { get; init; }

    /// <summary>Headers that only we may write.</summary>
    public IEnumerable<string> HeadersMade => ClaimHeaders.Select(header => header.Header).Concat(PayloadHeader is null ? [] : [PayloadHeader]);
}

/// <summary>A header in which tokens come, behind a prefix.</summary>
/// <param name="Prefix">Such as <c>Bearer</c> with its space; case does not matter, as in every authentication scheme (RFC 9110 §11.1).</param>
internal sealed record TokenHeader(string Name, string Prefix)
{
    public static readonly TokenHeader Bearer = new("Authorization", "Bearer ");
}

/// <summary>A header that a claim is written into.</summary>
/// <param name="Claim">Dots lead into maps.</param>
internal sealed record ClaimHeader(string Header, string Claim);
