using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Configuration.Envoy;
using Pillion.Proxy.Configuration.Reading;
using Pillion.Proxy.Routing;

namespace Pillion.Proxy.Filters.RateLimits;

/// <summary>Envoy's <c>rate_limits</c> of a route, a virtual host or a filter: how requests are described to rate limits.</summary>
internal static class EnvoyRateActions
{
    public static ValueList<RateActionsConfig> Read(ConfigValue value) => value.AsList(item =>
    {
        using var map = item.AsMap("RateLimit");
        var stage = map.Optional("stage").AsInt(0, 0, 10);
        var list = map.Required("actions");
        var actions = list.AsList(ReadAction);
        if (list.IsList && list.Count == 0)
        {
            list.Fail("is empty", "add an action");
        }

        return new RateActionsConfig(actions, stage);
    });

    private static RateActionConfig? ReadAction(ConfigValue value)
    {
        using var map = value.AsMap("RateLimit.Action");
        var given = new List<RateActionConfig>();
        Add(ReadGenericKey(map.Optional("generic_key")));
        Add(ReadHeader(map.Optional("request_headers")));
        var address = map.Optional("remote_address");
        address.AsMap().Dispose();
        Add(address.Exists ? new() { Kind = RateActionKind.RemoteAddress, Key = "remote_address" } : null);
        Add(ReadMatch(map.Optional("header_value_match")));
        foreach (var other in (ReadOnlySpan<string>)["source_cluster", "destination_cluster", "dynamic_metadata", "metadata", "extension", "masked_remote_address", "query_parameters", "query_parameter_value_match"])
        {
            if (map.Has(other))
            {
                map.Refuse(other, "is not supported", "use generic_key, request_headers, remote_address or header_value_match");
                return null;
            }
        }

        if (value.IsMap && given.Count != 1)
        {
            map.Fail(given.Count == 0 ? "does not say what describes the request" : "says several things", "give one of generic_key, request_headers, remote_address or header_value_match");
        }

        return given.Count == 0 ? null : given[0];

        void Add(RateActionConfig? action)
        {
            if (action is not null)
            {
                given.Add(action);
            }
        }
    }

    private static RateActionConfig? ReadGenericKey(ConfigValue value)
    {
        using var map = value.AsMap();
        var text = map.Required("descriptor_value").AsText();
        var key = map.Optional("descriptor_key").AsText("generic_key");
        return value.Exists ? new() { Kind = RateActionKind.GenericKey, Key = key, Value = text } : null;
    }

    private static RateActionConfig? ReadHeader(ConfigValue value)
    {
        using var map = value.AsMap();
        var name = map.Required("header_name").AsText(
            "header name", name => HttpText.IsToken(name) || RequestFields.Identify(name) != RequestField.Header, "use letters, digits and hyphens, or :method, :path or :authority");
        var key = map.Required("descriptor_key").AsText();
        var skip = map.Optional("skip_if_absent");
        if (skip.AsBool(false))
        {
            skip.Fail("a description without the entry is not supported", "remove it: without the header there is no description; add another one without this action");
        }

        return value.Exists ? new() { Kind = RateActionKind.RequestHeader, Key = key, Header = name } : null;
    }

    private static RateActionConfig? ReadMatch(ConfigValue value)
    {
        using var map = value.AsMap();
        var text = map.Required("descriptor_value").AsText();
        var key = map.Optional("descriptor_key").AsText("header_match");
        var expects = map.Optional("expect_match").AsBool(true);
        var methods = new List<string>();
        var headers = map.Required("headers").AsList(item => EnvoyValueMatch.ReadHeader(item, methods));
        // A condition on the method alone may hold several of them, of which one must be.
        ValueMatchConfig[] method = methods.Count == 0 ? [] : [new() { Name = ":method", Kind = ValueMatchKind.Regex, Value = string.Join('|', methods) }];
        return value.Exists
            ? new() { Kind = RateActionKind.HeaderValueMatch, Key = key, Value = text, Headers = new([.. headers, .. method]), ExpectsMatch = expects }
            : null;
    }
}
