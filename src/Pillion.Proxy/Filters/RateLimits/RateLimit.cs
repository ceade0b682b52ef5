using System.Text;
using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Net.Http;
using Pillion.Proxy.Forwarding;
using Pillion.Proxy.Routing;

namespace Pillion.Proxy.Filters.RateLimits;

/// <summary>One limit, compiled: which requests it counts, by what, and its live buckets.</summary>
internal sealed class RateLimit
{
    private readonly HeaderMatcher[] _headers;
    private readonly byte[] _header;
    private readonly RateKey _per;

    public RateLimit(RateConfig config, Buckets buckets, string filter)
    {
        _headers = [.. config.Headers.Select(header => new HeaderMatcher(header))];
        _header = Encoding.ASCII.GetBytes(config.Header);
        _per = config.Per;
        Buckets = buckets;
        Source = config.Source;
        Status = config.Status;
        IsDryRun = config.IsDryRun;
        Name = config.Name ?? filter;
        var per = config.Per switch
        {
            RateKey.Identity => " for each identity",
            RateKey.Client => " for each client address",
            RateKey.Connection => " for each connection",
            RateKey.Header => $" for each {config.Header}",
            _ => "",
        };
        var rate = config.Interval == TimeSpan.FromSeconds(1) ? $"{config.Tokens} a second" : $"{config.Tokens} in {DurationText.Format(config.Interval)}";
        Cause = $"{rate}{per}, {config.Burst} at once";
        OverflowCause = $"{Cause}; there are more than {config.Keys}, and the rest of them share one bucket";
    }

    public Buckets Buckets { get; }

    public SourceLine Source { get; }

    public string Name { get; }

    public int Status { get; }

    public bool IsDryRun { get; }

    /// <summary>The limit in words.</summary>
    public string Cause { get; }

    public string OverflowCause { get; }

    public bool Covers(RequestHead request)
    {
        foreach (var header in _headers)
        {
            if (!header.Matches(request, Scratch.OfThread))
            {
                return false;
            }
        }

        return true;
    }

    public ulong KeyOf(Exchange exchange) => RateKeys.Of(exchange, _per, _header);
}
