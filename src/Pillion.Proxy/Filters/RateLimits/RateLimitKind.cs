using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration.Envoy;
using Pillion.Proxy.Configuration.Native;
using Pillion.Proxy.Configuration.Reading;

namespace Pillion.Proxy.Filters.RateLimits;

/// <summary><c>rate_limit:</c> and Envoy's <c>envoy.filters.http.local_ratelimit</c>.</summary>
internal sealed class RateLimitKind : FilterKind
{
    private static readonly Registry<RateKey> Keys = new("choice")
    {
        { "all", RateKey.All },
        { "identity", RateKey.Identity },
        { "client", RateKey.Client },
        { "connection", RateKey.Connection },
    };

    public override string Name => "rate_limit";

    public override string Meaning => "How many requests pass: a rate such as `100/s`, a [rate limit](#rate-limit), or a list of them that must all have room; `off` where a route shall have none.";

    public override EnvoyExtension Envoy { get; } = new("LocalRateLimit", "envoy.filters.http.local_ratelimit");

    public override FilterConfig? Read(ConfigValue value, NativeScope scope)
    {
        var config = new RateLimitConfig { Source = value.Source };
        if (value.IsList)
        {
            if (value.Count > RateLimitFilter.MaxLimits)
            {
                value.Fail($"has more than {RateLimitFilter.MaxLimits} limits", "use fewer of them");
                return null;
            }

            var limits = new List<RateConfig>();
            _ = value.AsList(item =>
            {
                config = ReadOne(item, config, limits);
                return "";
            });
            return config with { Limits = new([.. limits]) };
        }

        var one = new List<RateConfig>();
        config = ReadOne(value, config, one);
        return one.Count == 0 ? null : config with { Limits = new([.. one]) };
    }

    public override FilterConfig ReadEnvoy(ConfigMap settings, EnvoyScope scope) => EnvoyRateLimit.Read(settings);

    public override Filter Compile(FilterConfig config, FilterContext context) => new RateLimitFilter((RateLimitConfig)config, context);

    private static RateLimitConfig ReadOne(ConfigValue value, RateLimitConfig config, List<RateConfig> limits)
    {
        if (value.IsText)
        {
            if (ReadRate(value) is var (tokens, interval))
            {
                limits.Add(new() { Burst = tokens, Tokens = tokens, Interval = interval, Source = value.Source });
            }

            return config;
        }

        using var map = value.AsMap("rate limit");
        var rate = ReadRate(map.Required("rate", "How many requests in which time, such as `100/s`, `30/min`, `1000/h` or `20/10s`; they come back evenly over that time."));
        var burst = map.Optional("burst", "How many may come at once after a pause; the number of `rate` when absent.");
        var per = map.Optional("per", "What has a bucket of its own: `all` requests share one, each `identity` (the peer's SPIFFE id), each `client` address, each `connection`, or each value of a header, `{ header: NAME }`. Those without identity or header share one.");
        var (key, header) = ReadKey(per);
        var limit = new RateConfig
        {
            Name = map.Optional("name", "The name in metrics and explanations.").AsTextOrNull("name", ConfigName.IsRight, ConfigName.Remedy),
            Burst = burst.AsIntOrNull(1) ?? rate?.Tokens ?? 1,
            Tokens = rate?.Tokens ?? 1,
            Interval = rate?.Interval ?? TimeSpan.FromSeconds(1),
            Per = key,
            Header = header,
            Keys = map.Optional("keys", "Room for so many buckets at the same time, 32 bytes each; what finds none shares one bucket of the same rate. A bucket that is full again takes no room.").AsInt(RateConfig.DefaultKeys, 1, 1_000_000),
            Headers = RouteMatches.ReadHeaders(map.Optional("headers", "Only requests whose headers are so, as in a route.")),
            Status = map.Optional("status", "The status of refusals; gRPC calls get RESOURCE_EXHAUSTED.").AsInt(429, 400, 599),
            IsDryRun = map.Optional("dry_run", "Refuse nothing; say in metrics and explanations what would be refused.").AsBool(false),
            Source = value.Source,
        };
        var tells = map.Optional("tell_rest", "Say in every answer what is left, by `x-ratelimit-limit`, `x-ratelimit-remaining` and `x-ratelimit-reset` (seconds); where there are several limits, of the one that has the least left.").AsBool(false);
        if (rate is not null && BucketShape.FillTime(limit.Burst, limit.Tokens, limit.Interval) > BucketShape.LongestFill)
        {
            burst.Fail("would take more than a hundred years to fill", "use a smaller burst or a higher rate");
        }

        if (rate is not null)
        {
            limits.Add(limit);
        }

        return config with { TellsRest = config.TellsRest || tells };
    }

    private static (int Tokens, TimeSpan Interval)? ReadRate(ConfigValue value)
    {
        if (value.AsTextOrNull("rate", text => RateText.TryParse(text, out _, out _), RateText.Remedy) is not { } text)
        {
            return null;
        }

        RateText.TryParse(text, out var tokens, out var interval);
        return (tokens, interval);
    }

    private static (RateKey Key, string Header) ReadKey(ConfigValue value)
    {
        if (!value.IsMap)
        {
            return (value.AsOneOf(Keys, RateKey.All), "");
        }

        using var map = value.AsMap();
        var header = map.Required("header", "").AsText("header name", HttpText.IsToken, "use letters, digits and hyphens");
        return header.Length > 0 ? (RateKey.Header, header) : (RateKey.All, "");
    }
}
