using System.Text.Json.Nodes;

namespace Pillion.EndToEnd.Support;

/// <summary>Writes an Envoy v3 bootstrap for the topologies that the tests run through.</summary>
internal sealed class EnvoyFile
{
    private const string Extensions = "type.googleapis.com/envoy.extensions.";

    private readonly JsonArray _listeners = [];
    private readonly JsonArray _clusters = [];

    /// <param name="route">Further fields of the route, such as a retry policy.</param>
    /// <param name="manager">Further fields of the connection manager.</param>
    public EnvoyFile Http(int port, string cluster, JsonObject? tls = null, JsonObject? route = null, JsonObject? manager = null) =>
        Listen(port, new JsonObject { ["filters"] = new JsonArray(HttpFilter(port, cluster, route, manager)) }, tls);

    /// <param name="match">The filter chain's match.</param>
    /// <param name="proxy">Further fields of the TCP proxy.</param>
    public EnvoyFile Tcp(int port, string? cluster, JsonObject? tls = null, JsonObject? proxy = null)
    {
        var filter = Merge(new JsonObject { ["@type"] = $"{Extensions}filters.network.tcp_proxy.v3.TcpProxy", ["stat_prefix"] = $"tcp_{port}" }, proxy);
        if (cluster is not null)
        {
            filter["cluster"] = cluster;
        }

        return Listen(port, new JsonObject { ["filters"] = new JsonArray(new JsonObject { ["name"] = "envoy.filters.network.tcp_proxy", ["typed_config"] = filter }) }, tls);
    }

    /// <summary>A listener with several filter chains, chosen by SNI.</summary>
    public EnvoyFile BySni(int port, params (string[] Names, string Cluster, JsonObject? Tls)[] chains)
    {
        var all = new JsonArray();
        foreach (var (names, cluster, tls) in chains)
        {
            var chain = new JsonObject();
            if (names.Length > 0)
            {
                chain["filter_chain_match"] = new JsonObject { ["server_names"] = new JsonArray([.. names.Select(static name => (JsonNode)name)]) };
            }

            // With TLS of its own a chain ends it and speaks HTTP; without, it passes the encrypted bytes on.
            chain["filters"] = new JsonArray(tls is not null
                ? HttpFilter(port, cluster, null, null)
                : new JsonObject
                {
                    ["name"] = "envoy.filters.network.tcp_proxy",
                    ["typed_config"] = new JsonObject { ["@type"] = $"{Extensions}filters.network.tcp_proxy.v3.TcpProxy", ["stat_prefix"] = $"sni_{cluster}", ["cluster"] = cluster },
                });
            if (tls is not null)
            {
                chain["transport_socket"] = tls;
            }

            all.Add(chain);
        }

        var listener = Listener(port, all);
        listener["listener_filters"] = new JsonArray(ListenerFilter("tls_inspector", "TlsInspector"));
        _listeners.Add(listener);
        return this;
    }

    /// <summary>Adds listener filters, such as <c>proxy_protocol</c>, to the listener added last.</summary>
    public EnvoyFile WithListenerFilter(string name, string type)
    {
        var listener = (JsonObject)_listeners[^1]!;
        var filters = listener["listener_filters"] as JsonArray ?? [];
        listener["listener_filters"] ??= filters;
        filters.Insert(0, ListenerFilter(name, type));
        return this;
    }

    /// <summary>Puts a network filter before those of the listener that was added last.</summary>
    public EnvoyFile WithFilter(JsonObject filter)
    {
        _listeners[^1]!["filter_chains"]![0]!["filters"]!.AsArray().Insert(0, filter);
        return this;
    }

    /// <summary>Further fields of the filter chain added last.</summary>
    public EnvoyFile WithChain(JsonObject fields)
    {
        Merge((JsonObject)_listeners[^1]!["filter_chains"]![0]!, fields);
        return this;
    }

    public EnvoyFile Cluster(string name, int port, bool http2 = false, JsonObject? tls = null, JsonObject? more = null) => Cluster(name, [port], http2, tls, more);

    public EnvoyFile Cluster(string name, int[] ports, bool http2 = false, JsonObject? tls = null, JsonObject? more = null)
    {
        var endpoints = new JsonArray([.. ports.Select(static port => (JsonNode)new JsonObject { ["endpoint"] = new JsonObject { ["address"] = Address(port) } })]);
        var cluster = new JsonObject
        {
            ["name"] = name,
            ["type"] = "STATIC",
            ["connect_timeout"] = "5s",
            ["load_assignment"] = new JsonObject { ["cluster_name"] = name, ["endpoints"] = new JsonArray(new JsonObject { ["lb_endpoints"] = endpoints }) },
        };
        if (http2)
        {
            cluster["typed_extension_protocol_options"] = new JsonObject
            {
                ["envoy.extensions.upstreams.http.v3.HttpProtocolOptions"] = new JsonObject
                {
                    ["@type"] = $"{Extensions}upstreams.http.v3.HttpProtocolOptions",
                    ["explicit_http_config"] = new JsonObject { ["http2_protocol_options"] = new JsonObject { ["allow_connect"] = true } },
                },
            };
        }

        if (tls is not null)
        {
            cluster["transport_socket"] = tls;
        }

        _clusters.Add(Merge(cluster, more));
        return this;
    }

    public SidecarOptions Options(params string[] arguments) => new() { FileName = "envoy.json", Config = ToString(), Arguments = arguments };

    public override string ToString() =>
        new JsonObject { ["static_resources"] = new JsonObject { ["listeners"] = _listeners.DeepClone(), ["clusters"] = _clusters.DeepClone() } }.ToJsonString();

    /// <summary>The downstream end of TLS: which certificate we show, and whom we let in.</summary>
    public static JsonObject Server(Credential own, string? trusted = null, string[]? alpn = null, string? revoked = null, string[]? ids = null, JsonObject? more = null)
    {
        var context = new JsonObject { ["@type"] = $"{Extensions}transport_sockets.tls.v3.DownstreamTlsContext", ["common_tls_context"] = Common(own, trusted, alpn, revoked, "URI", ids) };
        if (trusted is not null)
        {
            context["require_client_certificate"] = true;
        }

        return Socket(Merge(context, more));
    }

    /// <summary>The upstream end: whom we trust, what we show, which name we ask for and which we accept.</summary>
    public static JsonObject Client(string trusted, Credential? own = null, string? sni = null, string[]? alpn = null, string[]? ids = null, string sanType = "URI")
    {
        var context = new JsonObject { ["@type"] = $"{Extensions}transport_sockets.tls.v3.UpstreamTlsContext", ["common_tls_context"] = Common(own, trusted, alpn, null, sanType, ids) };
        if (sni is not null)
        {
            context["sni"] = sni;
        }

        return Socket(context);
    }

    private static JsonObject Common(Credential? own, string? trusted, string[]? alpn, string? revoked, string sanType, string[]? ids)
    {
        var common = new JsonObject();
        if (alpn is not null)
        {
            common["alpn_protocols"] = new JsonArray([.. alpn.Select(static name => (JsonNode)name)]);
        }

        if (own is not null)
        {
            common["tls_certificates"] = new JsonArray(new JsonObject { ["certificate_chain"] = FileOf(own.ChainFile), ["private_key"] = FileOf(own.KeyFile) });
        }

        if (trusted is null)
        {
            return common;
        }

        var validation = new JsonObject { ["trusted_ca"] = FileOf(trusted) };
        if (revoked is not null)
        {
            validation["crl"] = FileOf(revoked);
        }

        if (ids is not null)
        {
            validation["match_typed_subject_alt_names"] =
                new JsonArray([.. ids.Select(id => (JsonNode)new JsonObject { ["san_type"] = sanType, ["matcher"] = new JsonObject { ["exact"] = id } })]);
        }

        common["validation_context"] = validation;
        return common;
    }

    private static JsonObject FileOf(string path) => new() { ["filename"] = path };

    private static JsonObject Socket(JsonObject context) => new() { ["name"] = "envoy.transport_sockets.tls", ["typed_config"] = context };

    private static JsonObject ListenerFilter(string name, string type) =>
        new() { ["name"] = $"envoy.filters.listener.{name}", ["typed_config"] = new JsonObject { ["@type"] = $"{Extensions}filters.listener.{name}.v3.{type}" } };

    private static JsonObject Address(int port) => new() { ["socket_address"] = new JsonObject { ["address"] = "127.0.0.1", ["port_value"] = port } };

    private static JsonObject Listener(int port, JsonArray chains) => new() { ["name"] = $"l{port}", ["address"] = Address(port), ["filter_chains"] = chains };

    private static JsonObject HttpFilter(int port, string cluster, JsonObject? route, JsonObject? manager)
    {
        var rule = Merge(new JsonObject { ["cluster"] = cluster, ["timeout"] = "0s" }, route);
        var host = new JsonObject
        {
            ["name"] = "all",
            ["domains"] = new JsonArray("*"),
            ["routes"] = new JsonArray(new JsonObject { ["match"] = new JsonObject { ["prefix"] = "/" }, ["route"] = rule }),
        };
        var connectionManager = new JsonObject
        {
            ["@type"] = $"{Extensions}filters.network.http_connection_manager.v3.HttpConnectionManager",
            ["stat_prefix"] = $"http_{port}",
            ["route_config"] = new JsonObject { ["virtual_hosts"] = new JsonArray(host) },
            ["http_filters"] = new JsonArray(new JsonObject
            {
                ["name"] = "envoy.filters.http.router",
                ["typed_config"] = new JsonObject { ["@type"] = $"{Extensions}filters.http.router.v3.Router" },
            }),
        };
        return new JsonObject { ["name"] = "envoy.filters.network.http_connection_manager", ["typed_config"] = Merge(connectionManager, manager) };
    }

    private EnvoyFile Listen(int port, JsonObject chain, JsonObject? tls)
    {
        if (tls is not null)
        {
            chain["transport_socket"] = tls;
        }

        _listeners.Add(Listener(port, new JsonArray(chain)));
        return this;
    }

    private static JsonObject Merge(JsonObject into, JsonObject? more)
    {
        foreach (var (name, value) in more ?? [])
        {
            into[name] = value?.DeepClone();
        }

        return into;
    }
}
