using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration.Envoy;
using Pillion.Proxy.Configuration.Native;
using Pillion.Proxy.Configuration.Reading;
using Pillion.Proxy.Filters.RateLimits;

namespace Pillion.Proxy.Filters.GlobalRateLimits;

/// <summary><c>rate_limit_service:</c> and Envoy's <c>envoy.filters.http.ratelimit</c>.</summary>
internal sealed class GlobalRateLimitKind : FilterKind
{
    private static readonly Registry<bool> FailureChoices = new("choice") { { "allow", false }, { "refuse", true } };

    public override string Name => "rate_limit_service";

    public override string Meaning => "A service that counts the requests of all sidecars together and says which are too many (Envoy's rate limit protocol). `off` asks nobody.";

    public override EnvoyExtension Envoy { get; } = new("RateLimit", "envoy.filters.http.ratelimit", "envoy.rate_limit") { NeedsSettings = true };

    public override EnvoyExtension EnvoyRoute { get; } = new("RateLimitPerRoute", "envoy.filters.http.ratelimit");

    public override FilterConfig? Read(ConfigValue value, NativeScope scope) => Read(value, inherited: null, scope);

    public override FilterConfig? Read(ConfigValue value, FilterConfig? inherited, NativeScope scope)
    {
        using var map = value.AsMap("rate limit service");
        var usual = inherited as GlobalRateLimitConfig ?? new() { Cluster = "", Domain = "" };
        var service = map.Optional("service", "The service of `outbound.services` that is asked; its protocol must be `http2`. It must be there unless it is inherited.");
        var domain = map.Optional("domain", "Whose limits they are, as the service's own configuration names them. It must be there unless it is inherited.");
        var cluster = service.AsTextOrNull();
        if (cluster is not null)
        {
            scope.Targets.Refer(service);
        }

        if (value.IsMap && inherited is null && (!service.Exists || !domain.Exists))
        {
            map.Fail("does not say which service is asked, and for which domain", "add service: NAME and domain: NAME");
        }

        var descriptors = map.Optional("descriptors", "How a request is described to the service: a list of descriptors, each a list of [entries](#rate-limit-entry). A descriptor with an entry that the request has not is left out; without any, nobody is asked.");
        var actions = ReadDescriptors(descriptors);
        if (value.IsMap && inherited is null && actions.Count == 0 && !descriptors.Exists)
        {
            map.Fail("describes no request", "add descriptors: [ [ { key: NAME, header: NAME } ] ]");
        }

        var config = usual with
        {
            Cluster = cluster ?? usual.Cluster,
            Domain = domain.AsTextOrNull() ?? usual.Domain,
            Actions = descriptors.Exists ? actions : usual.Actions,
            Timeout = map.Optional("timeout", "Of one question, connecting included; each request waits for its answer.").AsDuration(usual.Timeout, TimeSpan.FromMilliseconds(1)),
            FailsClosed = map.Optional("on_failure", "What becomes of a request when the service does not answer, or not sensibly: `allow` lets it pass uncounted, `refuse` answers 503.").AsOneOf(FailureChoices, usual.FailsClosed),
            FailureStatus = inherited is null ? 503 : usual.FailureStatus,
            Status = map.Optional("status", "The answer above the limit.").AsInt(usual.Status, 400, 599),
            TellsRest = map.Optional("headers", "Answers tell by `x-ratelimit-limit`, `-remaining` and `-reset` what is left.").AsBool(usual.TellsRest),
            Source = value.Source,
        };
        return value.IsMap ? config : null;
    }

    public override FilterConfig ReadEnvoy(ConfigMap map, EnvoyScope scope)
    {
        using var service = map.Required("rate_limit_service").AsMap("RateLimitServiceConfig");
        _ = service.Optional("transport_api_version").AsOneOf(EnvoyGrpcService.Versions, "");
        var usual = new GlobalRateLimitConfig { Cluster = "", Domain = "" };
        var timeout = map.Optional("timeout").AsDuration(usual.Timeout, TimeSpan.FromMilliseconds(1));

        // Envoy keeps to the filter's own; the service's is taken where it is the shorter one.
        var (cluster, authority, most) = EnvoyGrpcService.Read(service.Required("grpc_service"), timeout, scope);
        _ = map.Optional("request_type").AsOneOf(RequestTypes, "");
        _ = map.Optional("stat_prefix").AsText();
        map.Refuse("filter_enabled", "is not supported", "leave the filter out where it shall not ask");
        map.Refuse("filter_enforced", "is not supported", "leave the filter out where it shall not refuse");
        return usual with
        {
            Cluster = cluster,
            Authority = authority,
            Domain = map.Required("domain").AsText(),
            Stage = map.Optional("stage").AsInt(0, 0, 10),
            Timeout = most < timeout ? most : timeout,
            FailsClosed = map.Optional("failure_mode_deny").AsBool(false),
            FailureStatus = ReadStatus(map.Optional("status_on_error"), 500),
            Status = ReadStatus(map.Optional("rate_limited_status"), 429) is var status && status < 400 ? 429 : status,
            GrpcStatus = map.Optional("rate_limited_as_resource_exhausted").AsBool(false) ? 8 : 14,
            TellsRest = map.Optional("enable_x_ratelimit_headers").AsOneOf(RestHeaders, false),
            TellsLimited = !map.Optional("disable_x_envoy_ratelimited_header").AsBool(false),
            ResponseHeaders = new() { Add = map.Optional("response_headers_to_add").AsList(EnvoyHeaderEdits.ReadValue) },
            Source = map.Source,
        };
    }

    public override FilterConfig? ReadEnvoyRoute(ConfigMap map, FilterConfig? listeners, EnvoyScope scope)
    {
        var host = map.Optional("vh_rate_limits").AsOneOf(HostChoices, HostRateActions.Override);
        var domain = map.Optional("domain").AsTextOrNull();
        map.Refuse("rate_limits", "is not supported here", "put them into rate_limits of the route");
        map.Refuse("override_option", "is not supported", "use vh_rate_limits");
        return listeners is not GlobalRateLimitConfig config ? null : config with { HostActions = host, Domain = domain is { Length: > 0 } ? domain : config.Domain, Source = map.Source };
    }

    public override Filter Compile(FilterConfig config, FilterContext context) => new GlobalRateLimitFilter((GlobalRateLimitConfig)config, context);

    private static readonly Registry<string> RequestTypes = new("type of request that is supported") { { "both", "" } };

    private static readonly Registry<bool> RestHeaders = new("version of the headers") { { "OFF", false }, { "DRAFT_VERSION_03", true } };

    private static readonly Registry<HostRateActions> HostChoices = new("choice")
    {
        { "OVERRIDE", HostRateActions.Override },
        { "INCLUDE", HostRateActions.Include },
        { "IGNORE", HostRateActions.Ignore },
    };

    private static int ReadStatus(ConfigValue value, int usual)
    {
        using var map = value.AsMap("HttpStatus");
        return EnvoyStatusNames.Read(map.Optional("code"), usual);
    }

    private static ValueList<RateActionsConfig> ReadDescriptors(ConfigValue value) => value.AsList(item =>
    {
        var entries = item.AsList(ReadEntry);
        if (item.IsList && item.Count == 0)
        {
            item.Fail("has no entry", "add { key: NAME, value: TEXT }");
        }

        return new RateActionsConfig(entries, 0);
    });

    private static RateActionConfig? ReadEntry(ConfigValue value)
    {
        using var map = value.AsMap("rate limit entry");
        var key = map.Optional("key", "The entry's key; `remote_address` where the value is the client's address, `generic_key` where it is fixed.").AsTextOrNull();
        var text = map.Optional("value", "A value that is always the same.");
        var header = map.Optional("header", "The header, or :method, :path, :authority, whose value it is.");
        var address = map.Optional("client_address", "The value is the address of the client, as far as trusted proxies tell it.");
        var given = (text.Exists ? 1 : 0) + (header.Exists ? 1 : 0) + (address.Exists ? 1 : 0);
        var fixedText = text.AsText();
        var name = header.AsTextOrNull("header name", name => HttpText.IsToken(name) || Routing.RequestFields.Identify(name) != Routing.RequestField.Header, "use letters, digits and hyphens, or :method, :path or :authority");
        var isAddress = address.AsBool(false);
        if (value.IsMap && given != 1)
        {
            map.Fail(given == 0 ? "does not say its value" : "says several values", "give one of value, header or client_address");
        }

        return
            header.Exists ? name is null ? null : new() { Kind = RateActionKind.RequestHeader, Key = key ?? name, Header = name } :
            isAddress ? new() { Kind = RateActionKind.RemoteAddress, Key = key ?? "remote_address" } :
            text.Exists ? new() { Kind = RateActionKind.GenericKey, Key = key ?? "generic_key", Value = fixedText } : null;
    }
}
