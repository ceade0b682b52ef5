using System.Text;
using Pillion.Net.Http;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Routing;

namespace Pillion.Proxy.Retries;

/// <summary>A route's retries, compiled: immutable, shared by all loops.</summary>
internal sealed class RetryPolicy(RetryConfig config)
{
    // A try that one of these ended was seen by nobody, so nobody needs to be told of the next.
    private const RetryOn Unseen = RetryOn.ConnectFailure | RetryOn.RefusedStream;

    private readonly HeaderMatcher[] _onHeaders = [.. config.OnHeaders.Select(match => new HeaderMatcher(match))];
    private readonly HeaderMatcher[] _onlyIfHeaders = [.. config.OnlyIfHeaders.Select(match => new HeaderMatcher(match))];
    private readonly byte[]? _key = config.IdempotencyKey is { } key ? Encoding.ASCII.GetBytes(key) : null;

    public RetryConfig Config => config;

    /// <summary>Answers that say when to come again are believed.</summary>
    public RateLimitReset? Reset { get; } = config.RateLimitBackOff is { } backOff ? new RateLimitReset(backOff) : null;

    /// <summary>What the next hop sees may be tried again, and it is told so.</summary>
    public bool Announces { get; } = config is { Announces: true, Retries: > 0 } && (config.On & ~Unseen) != 0;

    public static RetryPolicy? Of(RetryConfig? config) => config is null ? null : new RetryPolicy(config);

    /// <summary>The request is one that the policy is for.</summary>
    public bool IsFor(RequestHead request)
    {
        if (_onlyIfHeaders.Length == 0)
        {
            return true;
        }

        foreach (var matcher in _onlyIfHeaders)
        {
            if (matcher.Matches(request, Scratch.OfThread))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The answer has a header by which it may be tried again.</summary>
    public bool NamesHeaderOf(ResponseHead answer)
    {
        foreach (var matcher in _onHeaders)
        {
            if (matcher.Matches(answer.Fields, Scratch.OfThread))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Doing it twice does the same as doing it once: by its method or by its key.</summary>
    public bool IsIdempotent(RequestHead request) => request.IsIdempotent || HasKey(request.Fields);

    /// <summary>As above, or because the user says so.</summary>
    public bool IsRepeatable(RequestHead request) => config.UnsafeMethods || IsIdempotent(request);

    private bool HasKey(FieldList fields) => _key is not null && fields.IndexOf(_key) is >= 0 and var index && !fields.Value(index).IsEmpty;
}
