using Pillion.Proxy.Filters.ExternalAuthorization;
using Pillion.Proxy.Filters.Faults;
using Pillion.Proxy.Filters.GlobalRateLimits;
using Pillion.Proxy.Filters.Jwt;
using Pillion.Proxy.Filters.RateLimits;

namespace Pillion.Proxy.Filters;

/// <summary>
/// Every kind of filter, in the order in which Pillion's own files run them: who asks, whether it may, whether it is too much, and only then what
/// changes the request. Envoy's files have their own order.
/// </summary>
internal static class FilterKinds
{
    public static readonly FilterKind Jwt = new JwtKind();
    public static readonly FilterKind ExternalAuthorization = new ExternalAuthorizationKind();
    public static readonly FilterKind RateLimit = new RateLimitKind();
    public static readonly FilterKind GlobalRateLimit = new GlobalRateLimitKind();
    public static readonly FilterKind Fault = new FaultKind();

    public static IReadOnlyList<FilterKind> InOrder { get; } =
    [
        Jwt,
        ExternalAuthorization,
        RateLimit,
        GlobalRateLimit,
        Fault,
    ];
}
