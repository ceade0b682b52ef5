using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Core.Configuration.Roles;
using Pillion.Net;
using Pillion.Proxy.Configuration.Native.Transport;
using Pillion.Proxy.Configuration.Tcp;

namespace Pillion.Proxy.Configuration.Native;

/// <summary><c>inbound:</c>, the listener before the application.</summary>
internal static class Inbound
{
    private static readonly Address Usual = new("0.0.0.0", 15006);

    /// <summary>What the application may learn of a caller that proved who it is; of others the header is removed.</summary>
    private static readonly ClientCertificateForwarding Forwarded = new() { Mode = ForwardClientCert.AppendForward, Subject = true, Uri = true, Dns = true };

    public static void Read(ConfigMap root, NativeScope scope)
    {
        var app = scope.App;
        var value = root.Optional("inbound", "The listener before the application; `off` has none. Open when there is an `app`.");
        if (NativeNames.IsOff(value) || (!value.Exists && app is null && !value.IsDescribing))
        {
            Detections.CheckOff(value, scope.InboundCapture);
            return;
        }

        using var map = value.AsMap();
        var cluster = new ClusterConfig
        {
            Name = NativeNames.App,
            Endpoints = app is null ? [] : [new EndpointConfig { Address = app.Address, Source = app.Source }],
            Protocol = ProtocolOf(app),
            Source = app?.Source ?? default,
        };
        var address = ListenerAddress.Read(map, Usual with { Port = scope.InboundCapture ?? Usual.Port });
        var maxConnections = map.Optional("max_connections", "Open connections above which new ones are refused; 0 is no limit.").AsInt(0);
        var transports = InboundTransport.Read(map, scope.HasIdentity);
        var header = ProxyHeaders.Read(map.Optional("proxy_header", "Load balancers that tell by a PROXY header, version 1 or 2, whom a connection is from; nobody is believed when absent."));
        var detection = Detections.Read(map);
        var redirected = Detections.ReadOriginal(map, address, scope.InboundCapture);
        var spoken = map.Optional("protocol", "What callers speak: `http` is HTTP/1.1 or HTTP/2, `http1` and `http2` only the one, `tcp` bytes that go on as they come; `auto` looks, and what is not HTTP goes on as bytes, past all routes. Default: http, or auto for redirected connections where there are no routes.")
            .AsOneOf(NativeNames.InboundProtocols, redirected && !map.Has("routes") ? InboundProtocol.Auto : InboundProtocol.Http);
        var ports = map.Optional("ports", "Further ports of the application, for redirected connections, each with its protocol as in `protocol`. Routes are for the application's own port; connections to any other port go on unchanged.");
        // A time limit here would end long answers that the caller still waits for: the caller's side sets it.
        var usual = ForwardSettings.Read(
            map,
            new() { Cluster = app is null ? "" : NativeNames.App, Timeout = TimeSpan.Zero },
            scope.Targets,
            (percent, floor) => cluster = cluster with { RetryBudgetPercent = percent, MinRetryConcurrency = floor });
        cluster = ClusterSettings.ReadConnections(map, cluster);
        var requestHeaders = HeaderEdits.Read(map.Optional("request_headers", "What is changed in every request's headers."));
        var responseHeaders = HeaderEdits.Read(map.Optional("response_headers", "What is changed in every answer's headers."));
        var filters = FilterSettings.Read(map, [], scope);
        var routes = Routes.Read(map.Optional("routes", "A list of [routes](#route), the first that matches wins; what none matches goes to the application."), usual, filters, scope);
        var http = HttpSettings.Read(map.Optional("http", "How HTTP is spoken on this listener."), new() { StatPrefix = "inbound" });
        var tcp = TcpSettings.Read(map.Optional("tcp", "How bytes are passed on."), new() { StatPrefix = "inbound", Clusters = [] });
        var accessLogs = AccessLogs.Read(map.Optional("access_log", "As the `access_log` of the file, for this listener."), scope.Logs, scope.Otlp);

        var tracing = HttpSettings.ReadTracing(map, http, scope);
        Check(map, value, app, routes.Count, spoken, address);
        if (ports.Exists && !redirected)
        {
            ports.Fail("is for connections that were redirected", "add original_destination: true, or remove it");
        }

        var host = new VirtualHostConfig
        {
            Name = NativeNames.App,
            Domains = ["*"],
            Routes = app is null ? routes : new([.. routes, Routes.Rest("inbound", usual, filters, value.Source)]),
            RequestHeaders = requestHeaders,
            ResponseHeaders = responseHeaders,
            Source = value.Source,
        };
        var served = new List<(InboundPort Port, VirtualHostConfig Host)>();
        var further = InboundPort.Read(ports, cluster);
        foreach (var port in OwnPorts(redirected, address, app))
        {
            served.Add((new(port, NativeNames.App, spoken), host));
        }

        foreach (var (port, portCluster) in further)
        {
            served.RemoveAll(own => own.Port.Port == port.Port);
            served.Add((port, host with { Routes = [Routes.Rest($"inbound:{port.Port}", usual with { Cluster = portCluster.Name }, filters, portCluster.Source)] }));
            scope.Clusters.Add(ClusterSettings.Discover(portCluster));
        }

        if (redirected)
        {
            served.Add((new(null, NativeNames.OriginalDestination, InboundProtocol.Tcp), host));
            scope.AddOriginalDestination(value.Source);
        }

        http = http with { AccessLogs = accessLogs, Tracing = tracing, ClientCertificate = Forwarded, Filters = filters };
        tcp = tcp with { AccessLogs = accessLogs };
        ValueList<FilterChainConfig> chains = new([.. served.SelectMany(one => transports.Select(transport => Chain(one.Port, transport, one.Host, http, tcp, value.Source)))]);
        scope.Listeners.Add(new()
        {
            Name = "inbound",
            Address = address,
            Direction = TrafficDirection.Inbound,
            MaxConnections = maxConnections,
            Chains = chains,
            Detection = Detections.For(chains, detection),
            ProxyHeader = header,
            OriginalDestination = redirected,
            Source = value.Source,
        });
        if (app is not null)
        {
            scope.Clusters.Add(ClusterSettings.Discover(cluster));
        }
    }

    // Where connections are redirected, the application's own port is known; one that came to us directly is for the application too.
    private static IEnumerable<int?> OwnPorts(bool redirected, Address address, AppConfig? app)
    {
        if (!redirected)
        {
            return [null];
        }

        var ports = new List<int?>();
        if (address.Port != 0)
        {
            ports.Add(address.Port);
        }

        if (app is { Address.IsUnix: false } && app.Address.Port != address.Port)
        {
            ports.Add(app.Address.Port);
        }

        return ports;
    }

    private static FilterChainConfig Chain(InboundPort port, InboundTransport transport, VirtualHostConfig host, HttpConfig http, TcpConfig tcp, SourceLine source) => new()
    {
        Name = port.Port is { } number ? $"{transport.Name}:{number}" : port.Cluster == NativeNames.OriginalDestination ? $"{transport.Name}:other" : transport.Name,
        Match = new() { DestinationPort = port.Port, IsTls = transport.IsTls },
        Tls = transport.Tls,
        Http = port.IsHttp ? http with { Codec = port.Codec, Routes = new() { Name = "inbound", VirtualHosts = [host] } } : null,
        Tcp = port.IsBytes ? tcp with { Clusters = [new WeightedClusterConfig(port.Cluster, 1)] } : null,
        CountsPlaintext = transport.CountsPlaintext,
        Source = source,
    };

    private static void Check(ConfigMap map, ConfigValue value, AppConfig? app, int routes, InboundProtocol spoken, Address address)
    {
        if (app is null && routes == 0 && value.IsMap)
        {
            map.Fail("has no application to send to", "add 'app: { address: 127.0.0.1:8080 }', or write 'inbound: off'");
        }
        else if (app is null && spoken is InboundProtocol.Auto or InboundProtocol.Tcp && value.IsMap)
        {
            map.Optional("protocol").Fail("has no application to pass bytes on to", "add 'app: { address: 127.0.0.1:8080 }', or use protocol: http");
        }

        if (spoken == InboundProtocol.Tcp)
        {
            HttpOnly.Refuse(map);
        }

        if (app is not null && app.Address == address)
        {
            map.Fail($"listens on {address}, where the application is", "use another port, and let callers use it");
        }
    }

    private static HttpProtocol ProtocolOf(AppConfig? app) => app?.Protocol switch
    {
        AppProtocol.Http2 => HttpProtocol.Http2,
        AppProtocol.Same => HttpProtocol.AsDownstream,
        _ => HttpProtocol.Http1,
    };
}
