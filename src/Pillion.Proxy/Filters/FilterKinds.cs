using Pillion.Proxy.Filters.Authorization;
using Pillion.Proxy.Filters.Cors;
using Pillion.Proxy.Filters.Credentials.ApiKeys;
using Pillion.Proxy.Filters.Credentials.Basic;
using Pillion.Proxy.Filters.Credentials.Injected;
using Pillion.Proxy.Filters.Compression;
using Pillion.Proxy.Filters.Affinity;
using Pillion.Proxy.Filters.Concurrency;
using Pillion.Proxy.Filters.ExternalAuthorization;
using Pillion.Proxy.Filters.Faults;
using Pillion.Proxy.Filters.GlobalRateLimits;
using Pillion.Proxy.Filters.Jwt;
using Pillion.Proxy.Filters.RateLimits;
using Pillion.Proxy.Filters.SizeLimits;

namespace Pillion.Proxy.Filters;

/// <summary>
/// Every kind of filter, in the order in which Pillion's own files run them: who asks, whether it may, whether it is too much, and only then what
/// changes the request. Envoy's files have their own order.
/// </summary>
internal static class FilterKinds
{
    public static readonly FilterKind Cors = new CorsKind();
    public static readonly FilterKind ApiKeys = new ApiKeysKind();
    public static readonly FilterKind BasicAuth = new BasicAuthKind();
    public static readonly FilterKind Jwt = new JwtKind();
    public static readonly FilterKind ExternalAuthorization = new ExternalAuthorizationKind();
    public static readonly FilterKind Authorization = new AuthorizationKind();
    public static readonly FilterKind RateLimit = new RateLimitKind();
    public static readonly FilterKind GlobalRateLimit = new GlobalRateLimitKind();
    public static readonly FilterKind Concurrency = new ConcurrencyKind();
    public static readonly FilterKind MaxRequestBody = new SizeLimitKind(isAnswer: false);
    public static readonly FilterKind MaxResponseBody = new SizeLimitKind(isAnswer: true);
    public static readonly FilterKind Fault = new FaultKind();
    public static readonly FilterKind Compression = new CompressionKind();
    public static readonly FilterKind Decompression = new DecompressionKind();
    public static readonly FilterKind Affinity = new AffinityKind();
    public static readonly FilterKind Credential = new CredentialKind();

    public static IReadOnlyList<FilterKind> InOrder { get; } =
    [
        // A browser asks without credentials before it sends them.
        Cors,
        ApiKeys,
        BasicAuth,
        Jwt,

        // What our own rules refuse is not worth a question to anybody.
        Authorization,
        ExternalAuthorization,
        RateLimit,
        GlobalRateLimit,
        Concurrency,
        MaxRequestBody,
        MaxResponseBody,
        Fault,
        Compression,
        Decompression,
        Affinity,

        // Nothing before it sees the secret.
        Credential,
    ];
}
