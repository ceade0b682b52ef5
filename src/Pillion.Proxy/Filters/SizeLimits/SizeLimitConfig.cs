namespace Pillion.Proxy.Filters.SizeLimits;

/// <summary>How large a body may be (Envoy: Buffer, which holds the body back until it is whole; here it streams and is counted).</summary>
/// <param name="IsAnswer">Of answers; else of requests.</param>
internal sealed record SizeLimitConfig(bool IsAnswer, long Bytes) : FilterConfig
{
    public override FilterKind Kind => IsAnswer ? FilterKinds.MaxResponseBody : FilterKinds.MaxRequestBody;
}
