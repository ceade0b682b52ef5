using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration.Reading;

namespace Pillion.Proxy.Configuration.Native;

/// <summary>One entry of <c>outbound.services</c>: a virtual host of its name, and a cluster.</summary>
internal static class Services
{
    public static (VirtualHostConfig Host, ClusterConfig Cluster) Read(string name, ConfigValue value, RouteTargets targets, bool tunnels)
    {
        CheckName(name, value);
        using var map = value.AsMap("service");
        var cluster = new ClusterConfig
        {
            Name = name,
            Endpoints = Endpoints.Read(map.Required("endpoints", "Where the service is: `dns://name:port`, `name:port`, `10.0.0.1:80`, `unix:/path`, one or a list, or a list of [endpoints](#endpoint). Names resolve to any number of addresses.")),
            Source = value.Source,
        };
        var hosts = map.Optional("hosts", "Further host names of the service, besides its own name: `a.example`, `a.example:8080`, `*.example`.")
            .AsTexts(item => item.AsTextOrNull("host", HttpText.IsHostPattern, "use a host name, *.suffix or prefix.*"));
        cluster = ClusterSettings.ReadDiscovery(map, ClusterSettings.ReadConnections(map, cluster));
        var usual = ForwardSettings.Read(
            map,
            new() { Cluster = name, Retry = Retries.Safe },
            (percent, floor) => cluster = cluster with { RetryBudgetPercent = percent, MinRetryConcurrency = floor });
        var requestHeaders = HeaderEdits.Read(map.Optional("request_headers", "What is changed in every request's headers."));
        var responseHeaders = HeaderEdits.Read(map.Optional("response_headers", "What is changed in every answer's headers."));
        var routes = Routes.Read(map.Optional("routes", "A list of [routes](#route), the first that matches wins; what none matches goes to the service."), usual, targets);
        var rest = Rewrites.Read(map.Optional("rewrite", "What is changed in path and Host of requests that none of the routes takes."), new RouteMatchConfig().Path, usual);

        // A client that uses us as its HTTP proxy may ask for a tunnel to the service.
        var tunnel = new RouteConfig
        {
            Name = "CONNECT " + name,
            Match = new() { Path = new(PathMatchKind.Connect, "") },
            Action = new ForwardConfig { Cluster = name, Timeout = TimeSpan.Zero, TerminateConnect = true, Retry = Retries.Safe },
            Source = value.Source,
        };
        var host = new VirtualHostConfig
        {
            Name = name,
            // A name without a port covers every port.
            Domains = new([.. hosts.Prepend(name).Distinct(StringComparer.OrdinalIgnoreCase)]),
            Routes = new([.. routes, .. tunnels ? new[] { tunnel } : [], Routes.Rest(name, rest, value.Source)]),
            RequestHeaders = requestHeaders,
            ResponseHeaders = responseHeaders,
            Source = value.Source,
        };
        return (host, cluster);
    }

    private static void CheckName(string name, ConfigValue value)
    {
        if (name is NativeNames.App or NativeNames.UnknownHosts)
        {
            value.Fail($"{ConfigError.Quote(name)} is a name of Pillion's own", "choose another name, and add this one to its hosts");
        }
        else if (!ConfigName.IsRight(name) && !value.IsDescribing)
        {
            value.Fail($"{ConfigError.Quote(name)} is not a service name", ConfigName.Remedy);
        }
    }
}
