using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration.Reading;
using Pillion.Proxy.Filters.RateLimits;

namespace Pillion.Proxy.Configuration.Envoy;

/// <summary>route_config with its virtual hosts.</summary>
internal static class EnvoyRouteTable
{
    public static RouteTableConfig Read(ConfigValue value, EnvoyUpgrades upgrades, EnvoyFilters filters, EnvoyScope scope)
    {
        using var map = value.AsMap("RouteConfiguration");
        var validate = map.Optional("validate_clusters").AsBool(true);
        filters = filters.Override(map);
        var domains = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        return new()
        {
            Name = map.Optional("name").AsText(),
            VirtualHosts = map.Optional("virtual_hosts").AsList(item => ReadHost(item, upgrades, filters, validate ? scope : null, domains)),
            RequestHeaders = EnvoyHeaderEdits.Read(map, "request"),
            ResponseHeaders = EnvoyHeaderEdits.Read(map, "response"),
        };
    }

    private static VirtualHostConfig? ReadHost(ConfigValue value, EnvoyUpgrades upgrades, EnvoyFilters filters, EnvoyScope? scope, Dictionary<string, string> taken)
    {
        using var map = value.AsMap("VirtualHost");
        var name = map.Required("name").AsText();
        var domains = map.Required("domains");
        var read = domains.AsList(item =>
        {
            var domain = item.AsTextOrNull("host", HttpText.IsHostPattern, "use a host name, *.suffix, prefix.* or *");
            if (domain is not null && !taken.TryAdd(domain, name))
            {
                item.FailText($"is also a domain of {ConfigError.Quote(taken[domain])}", "give a domain to one virtual host only");
            }

            return domain;
        });
        if (domains.IsList && domains.Count == 0)
        {
            domains.Fail("is empty", "use [\"*\"] for all hosts");
        }

        filters = filters.Override(map);
        var retry = map.Optional("retry_policy");
        var actions = EnvoyRateActions.Read(map.Optional("rate_limits"));
        map.Refuse("hedge_policy", "is read beside the retry_policy of a route", "move it to the routes that shall hedge");
        return new()
        {
            Name = name,
            Domains = read,
            Retry = EnvoyRetryPolicy.Read(retry),
            Mirrors = EnvoyMirrors.Read(map, scope),
            CountsAttempts = map.Optional("include_request_attempt_count").AsBool(false),
            TellsAttempts = map.Optional("include_attempt_count_in_response").AsBool(false),
            Routes = map.Optional("routes").AsList(item => EnvoyRoute.Read(item, upgrades, filters, actions, scope)),
            RequestHeaders = EnvoyHeaderEdits.Read(map, "request"),
            ResponseHeaders = EnvoyHeaderEdits.Read(map, "response"),
            Source = value.Source,
        };
    }
}
