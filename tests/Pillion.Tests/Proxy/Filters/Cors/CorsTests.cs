using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Proxy.Filters.Cors;

/// <summary>What browsers ask before and behind a request of another origin, and what they are answered (Fetch §3.2).</summary>
public sealed class CorsTests
{
    private const string Shop = "cors: { origins: ['https://shop.example', 'https://*.shop.example'], methods: [GET, PUT], headers: [x-token], expose_headers: [x-total], max_age: 10m, credentials: true }";

    [Fact]
    public void A_preflight_is_answered_here()
    {
        using var fixture = PolicyText.Before(PolicyText.Native(Shop));
        var answer = Preflight(fixture, "https://shop.example");

        Assert.StartsWith("HTTP/1.1 200 ", answer);
        Assert.Equal("https://shop.example", Field(answer, "access-control-allow-origin"));
        Assert.Equal("true", Field(answer, "access-control-allow-credentials"));
        Assert.Equal("GET, PUT", Field(answer, "access-control-allow-methods"));
        Assert.Equal("x-token", Field(answer, "access-control-allow-headers"));
        Assert.Equal("600", Field(answer, "access-control-max-age"));
        Assert.Equal("Origin", Field(answer, "vary"));
        Assert.Empty(fixture.Upstream.Requests);
        Assert.Equal("origin_valid", fixture.Record.Verdicts[0].Outcome);
        Assert.Equal("cors_response", fixture.Record.Details);
    }

    [Theory]
    [InlineData("https://shop.example", true)]
    [InlineData("https://www.shop.example", true)]
    [InlineData("https://a.b.shop.example", true)]
    [InlineData("http://shop.example", false)]
    [InlineData("https://shop.example:8443", false)]
    [InlineData("https://shop.example.evil", false)]
    [InlineData("https://evilshop.example", false)]
    [InlineData("https://evil.example/.shop.example", false)]
    [InlineData("https://user@www.shop.example", false)]
    [InlineData("https://.shop.example.evil", false)]
    [InlineData("null", false)]
    public void Only_the_origins_that_are_named_are_told_that_they_may_read(string origin, bool allowed)
    {
        using var fixture = PolicyText.Before(PolicyText.Native(Shop));
        fixture.Upstream.Answer = _ => "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nAccess-Control-Allow-Origin: *\r\nAccess-Control-Allow-Credentials: true\r\n\r\nok";
        var answer = fixture.Request($"GET / HTTP/1.1\r\nHost: a\r\nOrigin: {origin}\r\n\r\n").Received;
        Assert.StartsWith("HTTP/1.1 200 ", answer);
        Assert.Equal(allowed ? origin : null, Field(answer, "access-control-allow-origin"));
        Assert.Equal(allowed ? "true" : null, Field(answer, "access-control-allow-credentials"));
        Assert.Equal(allowed ? "x-total" : null, Field(answer, "access-control-expose-headers"));
        Assert.Equal("Origin", Field(answer, "vary"));
        Assert.Equal(allowed ? "origin_valid" : "origin_invalid", fixture.Record.Verdicts[0].Outcome);
        Assert.StartsWith(allowed ? "HTTP/1.1 200 " : "HTTP/1.1 403 ", Preflight(fixture, origin));
    }

    [Fact]
    public void What_a_later_policy_refuses_says_it_too_so_that_the_page_may_read_why()
    {
        using var fixture = PolicyText.Before(PolicyText.Native(Shop + "\nauthorization: { deny: [{ any: true }] }"));
        var answer = fixture.Request("GET / HTTP/1.1\r\nHost: a\r\nOrigin: https://shop.example\r\n\r\n").Received;
        Assert.StartsWith("HTTP/1.1 403 ", answer);
        Assert.Equal("https://shop.example", Field(answer, "access-control-allow-origin"));
        Assert.StartsWith("HTTP/1.1 200 ", Preflight(fixture, "https://shop.example"));
    }

    [Fact]
    public void OPTIONS_that_is_no_preflight_and_requests_without_an_origin_go_on()
    {
        using var fixture = PolicyText.Before(PolicyText.Native(Shop));
        Assert.Equal("200", fixture.StatusOf("OPTIONS / HTTP/1.1\r\nHost: a\r\nOrigin: https://shop.example\r\n\r\n"));
        Assert.Equal("200", fixture.StatusOf("OPTIONS / HTTP/1.1\r\nHost: a\r\nAccess-Control-Request-Method: PUT\r\n\r\n"));
        Assert.Equal(2, fixture.Upstream.Requests.Count);
        Assert.Null(Field(fixture.Get().Received, "access-control-allow-origin"));
    }

    [Fact]
    public void Two_origins_are_none()
    {
        using var fixture = PolicyText.Before(PolicyText.Native(Shop));
        var answer = fixture.Request("GET / HTTP/1.1\r\nHost: a\r\nOrigin: https://shop.example\r\nOrigin: https://evil.example\r\n\r\n").Received;
        Assert.Null(Field(answer, "access-control-allow-origin"));
    }

    [Fact]
    public void An_origin_that_was_taken_out_of_the_request_is_remembered()
    {
        var filters = PolicyText.Native(Shop);
        using var fixture = new ProxyFixture(route: route => route with { Filters = filters, RequestHeaders = new() { Remove = ["origin"] } });
        fixture.Upstream.Answer = _ => "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
        Assert.Equal("https://shop.example", Field(fixture.Request("GET / HTTP/1.1\r\nHost: a\r\nOrigin: https://shop.example\r\n\r\n").Received, "access-control-allow-origin"));
    }

    [Fact]
    public void Every_origin_may_be_allowed_without_credentials_and_a_star_gives_what_is_asked_for()
    {
        using var fixture = PolicyText.Before(PolicyText.Native("cors: { origins: '*', methods: '*', headers: '*', private_network: true }"));
        var answer = Preflight(fixture, "https://any.example", "Access-Control-Request-Headers: x-a, x-b\r\nAccess-Control-Request-Private-Network: true\r\n");
        Assert.Equal("https://any.example", Field(answer, "access-control-allow-origin"));
        Assert.Equal("PUT", Field(answer, "access-control-allow-methods"));
        Assert.Equal("x-a, x-b", Field(answer, "access-control-allow-headers"));
        Assert.Equal("true", Field(answer, "access-control-allow-private-network"));
        Assert.Null(Field(answer, "access-control-allow-credentials"));
    }

    [Fact]
    public void An_answer_that_varies_by_origin_already_says_it_once()
    {
        using var fixture = PolicyText.Before(PolicyText.Native(Shop));
        fixture.Upstream.Answer = _ => "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nVary: Accept, origin\r\n\r\n";
        Assert.Equal("Accept, origin", Field(fixture.Get().Received, "vary"));
    }

    [Fact]
    public void It_works_over_HTTP_2()
    {
        using var fixture = PolicyText.Before(PolicyText.Native(Shop));
        var asked = fixture.ConnectHttp2().Ask("OPTIONS", fields: [("origin", "https://shop.example"), ("access-control-request-method", "PUT")]);
        Assert.Equal(200, asked.Status);
        Assert.Contains("access-control-allow-origin: https://shop.example", Http2Call.Text(asked.Response.Fields));
    }

    [Theory]
    [InlineData("allow_origin_string_match: [{ exact: https://a.example }], allow_methods: 'GET, PUT', max_age: '86400'", "https://a.example", "https://a.example", "GET, PUT")]
    [InlineData("allow_origin_string_match: [{ safe_regex: { regex: '.*' } }], allow_methods: '*'", "https://b.example", "https://b.example", "PUT")]
    [InlineData("allow_origin_string_match: [{ prefix: https://a. }]", "https://b.example", null, null)]
    [InlineData("allow_origin_string_match: [{ exact: https://a.example }], filter_enabled: { default_value: { numerator: 0 } }", "https://a.example", null, null)]
    public void Envoy_s_policy_of_a_route_means_the_same(string policy, string origin, string? allowed, string? methods)
    {
        using var fixture = PolicyText.Before(PolicyText.EnvoyFilters(EnvoyFilter, Policy(policy)));
        var answer = Preflight(fixture, origin);
        Assert.StartsWith("HTTP/1.1 200 ", answer);
        Assert.Equal(allowed, Field(answer, "access-control-allow-origin"));
        Assert.Equal(methods, Field(answer, "access-control-allow-methods"));

        // What Envoy does not allow, the application answers.
        Assert.Equal(allowed is null ? 1 : 0, fixture.Upstream.Requests.Count);
    }

    [Fact]
    public void Envoy_s_filter_without_a_policy_says_nothing()
    {
        Assert.Empty(PolicyText.EnvoyFilters(EnvoyFilter));
    }

    [Theory]
    [InlineData("cors: { origins: '*', credentials: true }", "inbound.cors.credentials: allows credentials to every origin, which lets any page act as its visitor (Fetch §3.2.5 forbids it); name the origins")]
    [InlineData("cors: { origins: [] }", "inbound.cors.origins: is empty; name an origin, or write 'cors: off'")]
    [InlineData("cors: {}", "inbound.cors.origins: is missing; add it")]
    [InlineData("cors: { origins: shop.example }", "'shop.example' is not an origin; use scheme://host or scheme://host:port as browsers write it, in lower case and without a slash, https://*.host, or *")]
    [InlineData("cors: { origins: 'https://shop.example/' }", "is not an origin")]
    [InlineData("cors: { origins: 'https://Shop.example' }", "is not an origin")]
    [InlineData("cors: { origins: 'https://shop.example:443' }", "is not an origin")]
    [InlineData("cors: { origins: 'null' }", "'null' is the origin of every page that has none, such as one in a sandbox; name the origins")]
    [InlineData("cors: { origins: '*', methods: [GET, 'P T'] }", "'P T' is not a method")]
    public void A_mistake_says_what_would_be_right(string settings, string expected) => Assert.Contains(expected, PolicyText.NativeErrors(settings));

    [Theory]
    [InlineData("allow_origin_string_match: [{ exact: '*' }], allow_credentials: true", "allows credentials to every origin")]
    [InlineData("allow_origin_string_match: [{ safe_regex: { regex: '.*' } }], allow_credentials: true", "allows credentials to every origin")]
    [InlineData("filter_enabled: { default_value: { numerator: 50 } }", "is for a share of the requests, which is not supported; use 100 or 0")]
    [InlineData("filter_enabled: { runtime_key: x }", "names a value of Envoy's runtime, which Pillion does not have; remove it; default_value decides")]
    public void What_Envoy_has_and_is_not_supported_is_a_mistake(string policy, string expected) => Assert.Contains(expected, PolicyText.EnvoyErrors(EnvoyFilter, Policy(policy)));

    private const string EnvoyFilter = "- name: envoy.filters.http.cors\n  typed_config: { \"@type\": type.googleapis.com/envoy.extensions.filters.http.cors.v3.Cors }";

    private static string Policy(string settings) => $"envoy.filters.http.cors: {{ \"@type\": type.googleapis.com/envoy.extensions.filters.http.cors.v3.CorsPolicy, {settings} }}";

    private static string Preflight(ProxyFixture fixture, string origin, string fields = "") =>
        fixture.Request($"OPTIONS / HTTP/1.1\r\nHost: a\r\nOrigin: {origin}\r\nAccess-Control-Request-Method: PUT\r\n{fields}\r\n").Received;

    private static string? Field(string head, string name) =>
        head.Split("\r\n\r\n")[0].Split("\r\n").Skip(1).Where(line => line.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase)).Select(line => line[(name.Length + 1)..].Trim()) is var values && values.Any() ? string.Join(" + ", values) : null;
}
