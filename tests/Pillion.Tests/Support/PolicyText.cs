using Pillion.Core.Configuration;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Filters;
using Pillion.Tests.Configuration;

namespace Pillion.Tests.Support;

/// <summary>Filters as somebody writes them, in either file format, before the one route of a <see cref="ProxyFixture"/>.</summary>
internal static class PolicyText
{
    /// <summary>What <c>inbound:</c> with these settings has.</summary>
    public static ValueList<FilterConfig> Native(string settings) =>
        Given.Config("app: { address: 127.0.0.1:8080 }\noutbound: off\ninbound:\n" + Indent(settings, 2)).Proxy.Listeners[0].Http!.Filters;

    /// <summary>The mistakes in such a file, a line each.</summary>
    public static string NativeErrors(string settings) => Given.Errors("app: { address: 127.0.0.1:8080 }\noutbound: off\ninbound:\n" + Indent(settings, 2));

    /// <summary>The HTTP of an Envoy file with this <c>http_filters</c> entry, and this <c>typed_per_filter_config</c> on its route.</summary>
    public static HttpConfig Envoy(string filter, string? route = null, string? secrets = null) => Given.Config(EnvoyFile(filter, route, secrets), "envoy.yaml").Proxy.Listeners[0].Http!;

    public static string EnvoyErrors(string filter, string? route = null) => Given.Errors(EnvoyFile(filter, route), "envoy.yaml");

    public static ValueList<FilterConfig> EnvoyFilters(string filter, string? route = null, string? secrets = null) => Envoy(filter, route, secrets).Routes.VirtualHosts[0].Routes[0].Filters;

    public static ProxyFixture Before(ValueList<FilterConfig> filters, params FilterConfig[] first)
    {
        var fixture = new ProxyFixture(route: route => route with { Filters = new([.. first, .. filters]) });
        fixture.Upstream.Answer = _ => "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
        return fixture;
    }

    /// <summary>The status of one answer, as text.</summary>
    public static string StatusOf(this ProxyFixture fixture, string request) => fixture.Request(request).Received.Split(' ')[1];

    public static string StatusOfGet(this ProxyFixture fixture, string path = "/", string fields = "") => fixture.StatusOf($"GET {path} HTTP/1.1\r\nHost: a\r\n{fields}\r\n");

    public static string EnvoyFile(string filter, string? route, string? secrets = null) => $$"""
        static_resources:
          secrets: {{secrets ?? "[]"}}
          listeners:
          - name: in
            address: { socket_address: { address: 0.0.0.0, port_value: 15001 } }
            filter_chains:
            - filters:
              - name: envoy.filters.network.http_connection_manager
                typed_config:
                  "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                  stat_prefix: in
                  http_filters:
        {{Indent(filter, 10)}}
                  - name: envoy.filters.http.router
                    typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router }
                  route_config:
                    virtual_hosts:
                    - name: any
                      domains: ["*"]
                      routes:
                      - match: { prefix: / }
                        route: { cluster: app }
        {{(route is null ? "" : Indent("typed_per_filter_config:\n" + Indent(route, 2), 16))}}
          clusters:
          - name: app
            load_assignment:
              cluster_name: app
              endpoints: [{ lb_endpoints: [{ endpoint: { address: { socket_address: { address: 127.0.0.1, port_value: 8080 } } } }] }]
        """;

    private static string Indent(string text, int by) => string.Join('\n', text.Split('\n').Select(line => line.Trim().Length == 0 ? "" : new string(' ', by) + line));
}
