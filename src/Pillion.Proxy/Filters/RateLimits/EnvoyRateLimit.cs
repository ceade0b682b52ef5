using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Configuration.Envoy;

namespace Pillion.Proxy.Filters.RateLimits;

/// <summary>Envoy's LocalRateLimit, with Envoy's defaults: it counts and refuses nothing before filter_enabled and filter_enforced say so.</summary>
internal static class EnvoyRateLimit
{
    private static readonly TimeSpan LeastInterval = TimeSpan.FromMilliseconds(50);

    private static readonly Registry<bool> RestHeaders = new("version of the headers")
    {
        { "OFF", false },
        { "DRAFT_VERSION_03", true },
    };

    private static readonly Registry<HostRateActions> HostActions = new("choice")
    {
        { "OVERRIDE", HostRateActions.Override },
        { "INCLUDE", HostRateActions.Include },
        { "IGNORE", HostRateActions.Ignore },
    };

    public static RateLimitConfig Read(ConfigMap map)
    {
        var prefix = map.Required("stat_prefix").AsText();
        var status = ReadStatus(map.Optional("status"));
        var perConnection = map.Optional("local_rate_limit_per_downstream_connection").AsBool(false);
        var bucket = ReadBucket(map.Optional("token_bucket"));
        var descriptors = map.Optional("descriptors");
        var read = descriptors.AsList(ReadDescriptor);
        if (descriptors.IsList && bucket is null)
        {
            map.Fail("has descriptors and no token_bucket", "add a token_bucket for what no descriptor covers");
        }

        if (read.Count >= RateLimitFilter.MaxLimits)
        {
            descriptors.Fail($"has more than {RateLimitFilter.MaxLimits - 1} descriptors", "use fewer of them");
        }

        var own = map.Optional("rate_limits");
        var add = map.Optional("response_headers_to_add");
        map.Refuse("request_headers_to_add_when_not_enforced", "is not supported", "the metrics and the access log tell which requests would have been refused");
        map.Refuse("local_cluster_rate_limit", "is not supported: each Pillion has its own buckets", "remove it, and give each its share of the rate");
        return new RateLimitConfig
        {
            Limits = bucket is null ? [] : [bucket with { Name = prefix, Per = perConnection ? RateKey.Connection : RateKey.All, Status = status }],
            GrpcStatus = map.Optional("rate_limited_as_resource_exhausted").AsBool(false) ? 8 : 14,
            EnabledPercent = ReadFraction(map.Optional("filter_enabled")),
            EnforcedPercent = ReadFraction(map.Optional("filter_enforced")),
            TellsRest = map.Optional("enable_x_ratelimit_headers").AsOneOf(RestHeaders, false),
            ResponseHeaders = new() { Add = add.AsList(EnvoyHeaderEdits.ReadValue) },
            Descriptors = new([.. read.Select(descriptor => descriptor with { Bucket = descriptor.Bucket with { Status = status } })]),
            Actions = EnvoyRateActions.Read(own),
            HasOwnActions = own.Exists,
            Stage = map.Optional("stage").AsInt(0, 0, 10),
            AlwaysTakesDefault = map.Optional("always_consume_default_token_bucket").AsBool(true),
            HostActions = map.Optional("vh_rate_limits").AsOneOf(HostActions, HostRateActions.Override),
            Source = map.Source,
        };
    }

    private static RateConfig? ReadBucket(ConfigValue value)
    {
        using var map = value.AsMap("TokenBucket");
        var most = map.Required("max_tokens");
        var config = new RateConfig
        {
            Burst = most.AsInt(1, 1),
            Tokens = map.Optional("tokens_per_fill").AsInt(1, 1),
            Interval = map.Required("fill_interval").AsDuration(TimeSpan.FromSeconds(1), LeastInterval),
            Source = value.Source,
        };
        if (value.IsMap && BucketShape.FillTime(config.Burst, config.Tokens, config.Interval) > BucketShape.LongestFill)
        {
            most.FailText("would take more than a hundred years to fill", "use fewer tokens or a shorter interval");
        }

        return value.IsMap ? config : null;
    }

    private static DescriptorConfig? ReadDescriptor(ConfigValue value)
    {
        using var map = value.AsMap("LocalRateLimitDescriptor");
        var entries = map.Required("entries").AsList(item =>
        {
            using var entry = item.AsMap();
            return new DescriptorEntryConfig(entry.Required("key").AsText(), entry.Optional("value").AsText());
        });
        var bucket = ReadBucket(map.Required("token_bucket"));
        var name = string.Join(" ", entries.Select(entry => entry.Value.Length == 0 ? entry.Key : $"{entry.Key}={entry.Value}"));
        return bucket is null ? null : new DescriptorConfig(entries, bucket with { Name = name, Source = value.Source });
    }

    // Below 400 Envoy takes 429.
    private static int ReadStatus(ConfigValue value)
    {
        using var map = value.AsMap();
        var name = map.Optional("code").AsText("status", name => EnvoyStatusNames.Find(name) > 0, "use one of Envoy's names such as TooManyRequests, or a number", "TooManyRequests");
        return EnvoyStatusNames.Find(name) is >= 400 and var status ? status : 429;
    }

    private static double ReadFraction(ConfigValue value)
    {
        using var map = value.AsMap("RuntimeFractionalPercent");
        _ = map.Optional("runtime_key").AsText();
        return EnvoyPercent.Read(map.Optional("default_value"), 0);
    }
}
