using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Core.Configuration.Roles;
using Pillion.Net;

namespace Pillion.Proxy.Configuration.Native;

/// <summary><c>inbound:</c>, the listener before the application.</summary>
internal static class Inbound
{
    private static readonly Address Usual = new("0.0.0.0", 15006);

    public static void Read(ConfigMap root, AppConfig? app, ValueList<AccessLogConfig> logs, RouteTargets targets, List<ListenerConfig> listeners, List<ClusterConfig> clusters)
    {
        var value = root.Optional("inbound", "The listener before the application; `off` has none. Open when there is an `app`.");
        if (NativeNames.IsOff(value) || (!value.Exists && app is null && !value.IsDescribing))
        {
            return;
        }

        using var map = value.AsMap();
        var cluster = new ClusterConfig
        {
            Name = NativeNames.App,
            Endpoints = app is null ? [] : [new EndpointConfig { Address = app.Address, Source = app.Source }],
            Source = app?.Source ?? default,
        };
        var address = ListenerAddress.Read(map, Usual);
        var maxConnections = map.Optional("max_connections", "Open connections above which new ones are refused; 0 is no limit.").AsInt(0);
        // A time limit here would end long answers that the caller still waits for: the caller's side sets it.
        var usual = ForwardSettings.Read(
            map,
            new() { Cluster = app is null ? "" : NativeNames.App, Timeout = TimeSpan.Zero },
            (percent, floor) => cluster = cluster with { RetryBudgetPercent = percent, MinRetryConcurrency = floor });
        cluster = ClusterSettings.ReadConnections(map, cluster);
        var requestHeaders = HeaderEdits.Read(map.Optional("request_headers", "What is changed in every request's headers."));
        var responseHeaders = HeaderEdits.Read(map.Optional("response_headers", "What is changed in every answer's headers."));
        var routes = Routes.Read(map.Optional("routes", "A list of [routes](#route), the first that matches wins; what none matches goes to the application."), usual, targets);
        var http = HttpSettings.Read(map.Optional("http", "How HTTP is spoken on this listener."), new() { StatPrefix = "inbound" });
        var accessLogs = AccessLogs.Read(map.Optional("access_log", "As the `access_log` of the file, for this listener."), logs);

        if (app is null && routes.Count == 0 && value.IsMap)
        {
            map.Fail("has no application to send to", "add 'app: { address: 127.0.0.1:8080 }', or write 'inbound: off'");
        }

        if (app is not null && app.Address == address)
        {
            map.Fail($"listens on {address}, where the application is", "use another port, and let callers use it");
        }

        var host = new VirtualHostConfig
        {
            Name = NativeNames.App,
            Domains = ["*"],
            Routes = app is null ? routes : new([.. routes, Routes.Rest("inbound", usual, value.Source)]),
            RequestHeaders = requestHeaders,
            ResponseHeaders = responseHeaders,
            Source = value.Source,
        };
        listeners.Add(new()
        {
            Name = "inbound",
            Address = address,
            Direction = TrafficDirection.Inbound,
            MaxConnections = maxConnections,
            Chains = [new() { Name = "http", Http = http with { AccessLogs = accessLogs, Routes = new() { Name = "inbound", VirtualHosts = [host] } }, Source = value.Source }],
            Source = value.Source,
        });
        if (app is not null)
        {
            clusters.Add(ClusterSettings.Discover(cluster));
        }
    }
}
