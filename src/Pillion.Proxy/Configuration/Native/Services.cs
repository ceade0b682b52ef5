using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Net;
using Pillion.Proxy.Clusters;
using Pillion.Proxy.Configuration.Native.Transport;
using Pillion.Proxy.Configuration.Reading;
using Pillion.Proxy.Configuration.Tcp;
using Pillion.Proxy.Configuration.Transport;
using Pillion.Proxy.Filters;

namespace Pillion.Proxy.Configuration.Native;

/// <summary>One entry of <c>outbound.services</c>: a cluster, and either a virtual host of its name or bytes.</summary>
/// <param name="Host">Null where the service is bytes.</param>
/// <param name="Tcp">Null where it is HTTP.</param>
/// <param name="Listen">A listener of its own.</param>
/// <param name="ServerNames">Of TLS that is passed on to it as bytes.</param>
internal sealed record Service(string Name, ClusterConfig Cluster, VirtualHostConfig? Host, TcpConfig? Tcp, Address? Listen, ValueList<string> ServerNames, SourceLine Source);

/// <summary>Reads a <see cref="Service"/>.</summary>
internal static class Services
{
    public static Service Read(string name, ConfigValue value, ValueList<FilterConfig> inherited, NativeScope scope, bool tunnels, bool redirected)
    {
        CheckName(name, value);
        using var map = value.AsMap("service");
        var cluster = new ClusterConfig
        {
            Name = name,
            Endpoints = Endpoints.Read(map.Required("endpoints", "Where the service is: `dns://name:port`, `name:port`, `10.0.0.1:80`, `unix:/path`, one or a list, or a list of [endpoints](#endpoint). Names resolve to any number of addresses.")),
            Source = value.Source,
        };
        var protocol = map.Optional("protocol", "What the service speaks: `http1`, `http2` (gRPC too), `auto` as TLS settles it, `same` as the request came, or `tcp` for bytes.").AsOneOf(NativeNames.ServiceProtocols, HttpProtocol.Http1);
        var hosts = map.Optional("hosts", "Further host names of the service, besides its own name: `a.example`, `a.example:8080`, `*.example`. Of a service that is tcp: the names in TLS client hellos that are passed on to it.");
        var names = protocol is null ? hosts.AsTexts(ServerNameText.Read) : hosts.AsTexts(item => item.AsTextOrNull("host", HttpText.IsHostPattern, "use a host name, *.suffix or prefix.*"));
        var listen = map.Optional("listen", "An address of its own where the application reaches the service, such as `127.0.0.1:5432`.").AsAddress(listening: true);
        cluster = ReadTransport(map, cluster, scope.HasIdentity) with { Protocol = protocol ?? HttpProtocol.Http1 };
        cluster = ClusterSettings.ReadDiscovery(map, ClusterSettings.ReadConnections(map, cluster));
        cluster = ClusterSettings.ReadBalancing(map, cluster, scope.Zone);
        cluster = cluster with
        {
            Http2 = Http2Limits.Read(map.Optional("http2", "How HTTP/2 is spoken with the service.")),
            Outliers = Outliers.Read(map.Optional("outliers", "Endpoints that fail are taken out for a while: `on`, `off`, or by which [numbers](#outliers). Off when absent.")),
            HealthChecks = HealthChecks.Read(map.Optional("health", "How each endpoint is asked whether it can serve; not at all when absent. `health: grpc` asks by gRPC."), protocol),
        };
        if (protocol == HttpProtocol.Auto && cluster.Tls is null && value.IsMap)
        {
            map.Optional("protocol").FailText("is settled by TLS, and there is none", "use http1, http2 or same, or add tls");
        }

        var usual = ForwardSettings.Read(
            map,
            new() { Cluster = name, Retry = Retries.Safe },
            scope.Targets,
            (percent, floor) => cluster = cluster with { RetryBudgetPercent = percent, MinRetryConcurrency = floor });
        var host = ReadHost(name, map, value, usual, FilterSettings.Read(map, inherited, scope), scope, tunnels);
        var tcp = TcpSettings.Read(map.Optional("tcp", "How bytes are passed on, where the protocol is tcp."), new() { StatPrefix = name, Clusters = [new WeightedClusterConfig(name, 1)], MaxConnectAttempts = 2, Source = value.Source });
        if (protocol is null)
        {
            HttpOnly.Refuse(map);
            var isFound = listen is not null || names.Count > 0 || (redirected && cluster.Endpoints.Any(endpoint => endpoint.Address.ToEndPoint() is not null));
            if (Balancers.Create(cluster.Balancer).GoesByHash)
            {
                map.Optional("balancer").Fail($"is {cluster.Balancer}, and bytes have nothing to hash", "use least_request");
            }

            if (value.IsMap && cluster.Endpoints.Count > 0 && !isFound)
            {
                map.Fail("has no way in: bytes do not say which service they are for", "add listen: 127.0.0.1:PORT, or hosts where it is TLS");
            }

            return new(name, cluster, null, tcp, listen, names, value.Source);
        }

        if (map.Has("tcp"))
        {
            map.Optional("tcp").Fail("is for bytes, and the service is HTTP", "add protocol: tcp, or remove it");
        }

        CheckHash(map, value, cluster, host);

        // A name without a port covers every port.
        host = host with { Domains = new([.. names.Prepend(name).Distinct(StringComparer.OrdinalIgnoreCase)]) };
        return new(name, cluster, host, null, listen, [], value.Source);
    }

    private static ClusterConfig ReadTransport(ConfigMap map, ClusterConfig cluster, bool hasIdentity) => cluster with
    {
        Tls = ClientTls.Read(map, cluster.Endpoints, hasIdentity),
        ProxyHeader = map.Optional("proxy_header", "Tell the endpoints by a PROXY header, `v1` or `v2`, whom a connection is for; `off` does not.").AsOneOf(NativeNames.ProxyHeaders, ProxyHeaderVersion.None),
    };

    private static VirtualHostConfig ReadHost(string name, ConfigMap map, ConfigValue value, ForwardConfig usual, ValueList<FilterConfig> filters, NativeScope scope, bool tunnels)
    {
        var requestHeaders = HeaderEdits.Read(map.Optional("request_headers", "What is changed in every request's headers."));
        var responseHeaders = HeaderEdits.Read(map.Optional("response_headers", "What is changed in every answer's headers."));
        var routes = Routes.Read(map.Optional("routes", "A list of [routes](#route), the first that matches wins; what none matches goes to the service."), usual, filters, scope);
        var rest = Rewrites.Read(map.Optional("rewrite", "What is changed in path and Host of requests that none of the routes takes."), new RouteMatchConfig().Path, usual);

        // A client that uses us as its HTTP proxy may ask for a tunnel to the service.
        var tunnel = new RouteConfig
        {
            Name = "CONNECT " + name,
            Match = new() { Path = new(PathMatchKind.Connect, "") },
            Action = new ForwardConfig { Cluster = name, Timeout = TimeSpan.Zero, TerminateConnect = true, Retry = Retries.Safe },
            Filters = filters,
            Source = value.Source,
        };
        return new()
        {
            Name = name,
            Domains = [name],
            Routes = new([.. routes, .. tunnels ? new[] { tunnel } : [], Routes.Rest(name, rest, filters, value.Source)]),
            RequestHeaders = requestHeaders,
            ResponseHeaders = responseHeaders,
            Source = value.Source,
        };
    }

    private static void CheckHash(ConfigMap map, ConfigValue value, ClusterConfig cluster, VirtualHostConfig host)
    {
        var goesByHash = Balancers.Create(cluster.Balancer).GoesByHash;
        if (map.Has("hash_on") && !goesByHash)
        {
            map.Optional("hash_on").Fail($"is for ring_hash and maglev, and the balancer is {cluster.Balancer}", "remove it, or add balancer: maglev");
        }
        else if (goesByHash && value.IsMap && !map.Has("hash_on") && host.Routes.All(route => route.Action is not ForwardConfig { HashPolicies.Count: > 0 }))
        {
            map.Optional("balancer").Fail($"is {cluster.Balancer}, and nothing says what to hash", "add hash_on, such as hash_on: { header: x-user }");
        }
    }

    private static void CheckName(string name, ConfigValue value)
    {
        if (name is NativeNames.App or NativeNames.UnknownHosts or NativeNames.OriginalDestination)
        {
            value.Fail($"{ConfigError.Quote(name)} is a name of Pillion's own", "choose another name, and add this one to its hosts");
        }
        else if (!ConfigName.IsRight(name) && !value.IsDescribing)
        {
            value.Fail($"{ConfigError.Quote(name)} is not a service name", ConfigName.Remedy);
        }
    }
}
