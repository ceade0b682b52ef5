using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Proxy.Filters.Authorization;

/// <summary>Envoy's RBAC with Envoy's meaning.</summary>
public sealed class RbacTests
{
    private const string Type = "type.googleapis.com/envoy.extensions.filters.http.rbac.v3";

    [Theory]
    [InlineData("any: true", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", true)]
    [InlineData("header: { name: ':method', string_match: { exact: GET } }", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", true)]
    [InlineData("header: { name: ':method', string_match: { exact: POST } }", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", false)]
    [InlineData("header: { name: ':path', string_match: { prefix: '/a?x' } }", "GET /a?x=1 HTTP/1.1\r\nHost: a\r\n\r\n", true)]
    [InlineData("header: { name: x-a, present_match: true }", "GET / HTTP/1.1\r\nHost: a\r\nx-a: 1\r\n\r\n", true)]
    [InlineData("url_path: { path: { exact: /a } }", "GET /a?x=1 HTTP/1.1\r\nHost: a\r\n\r\n", true)]
    [InlineData("url_path: { path: { prefix: /a } }", "GET /ab HTTP/1.1\r\nHost: a\r\n\r\n", true)]
    [InlineData("url_path: { path: { suffix: .html, ignore_case: true } }", "GET /x.HTML HTTP/1.1\r\nHost: a\r\n\r\n", true)]
    [InlineData("url_path: { path: { contains: bb } }", "GET /abba HTTP/1.1\r\nHost: a\r\n\r\n", true)]
    [InlineData("url_path: { path: { safe_regex: { regex: '/[0-9]+' } } }", "GET /12 HTTP/1.1\r\nHost: a\r\n\r\n", true)]
    [InlineData("url_path: { path: { safe_regex: { regex: '/[0-9]+' } } }", "GET /12x HTTP/1.1\r\nHost: a\r\n\r\n", false)]
    [InlineData("destination_ip: { address_prefix: 127.0.0.0, prefix_len: 8 }", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", true)]
    [InlineData("destination_ip: { address_prefix: 10.0.0.0, prefix_len: 8 }", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", false)]
    [InlineData("destination_port: 15000", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", true)]
    [InlineData("destination_port_range: { start: 14999, end: 15000 }", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", false)]
    [InlineData("destination_port_range: { start: 15000, end: 15001 }", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", true)]
    [InlineData("requested_server_name: { exact: a }", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", false)]
    [InlineData("not_rule: { destination_port: 1 }", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", true)]
    [InlineData("and_rules: { rules: [{ any: true }, { destination_port: 1 }] }", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", false)]
    [InlineData("or_rules: { rules: [{ destination_port: 1 }, { any: true }] }", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", true)]
    public void Permissions(string permission, string request, bool matches)
    {
        Assert.Equal(matches ? "200" : "403", Status("ALLOW", permission, "any: true", request));
        Assert.Equal(matches ? "403" : "200", Status("DENY", permission, "any: true", request));
        Assert.Equal("200", Status("LOG", permission, "any: true", request));
    }

    [Theory]
    [InlineData("any: true", true)]
    [InlineData("authenticated: {}", false)]
    [InlineData("authenticated: { principal_name: { exact: spiffe://a/b } }", false)]
    [InlineData("not_id: { authenticated: {} }", true)]
    [InlineData("source_ip: { address_prefix: 127.0.0.1, prefix_len: 32 }", true)]
    [InlineData("direct_remote_ip: { address_prefix: 127.0.0.1, prefix_len: 32 }", true)]
    [InlineData("direct_remote_ip: { address_prefix: 10.0.0.0, prefix_len: 8 }", false)]
    [InlineData("remote_ip: { address_prefix: '::', prefix_len: 0 }", false)]
    [InlineData("url_path: { path: { exact: / } }", true)]
    [InlineData("header: { name: x-a, string_match: { exact: b } }", false)]
    [InlineData("and_ids: { ids: [{ any: true }, { not_id: { any: true } }] }", false)]
    [InlineData("or_ids: { ids: [{ not_id: { any: true } }, { any: true }] }", true)]
    public void Principals(string principal, bool matches) => Assert.Equal(matches ? "200" : "403", Status("ALLOW", "any: true", principal, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"));

    [Fact]
    public void The_policies_go_by_the_order_of_their_names_and_the_first_that_matches_is_named()
    {
        using var fixture = PolicyText.Before(PolicyText.EnvoyFilters(Filter("rules: { action: DENY, policies: { zeta: { permissions: [any: true], principals: [any: true] }, alpha: { permissions: [any: true], principals: [any: true] } } }")));
        Assert.Contains("deny rule 'alpha' matched", fixture.Get().Received);
        Assert.Equal("rbac_access_denied_matched_policy[alpha]", fixture.Record.Details);
    }

    [Theory]
    [InlineData("rules: { action: ALLOW, policies: {} }", "403")]
    [InlineData("rules: {}", "403")]
    [InlineData("rules: { action: DENY, policies: {} }", "200")]
    [InlineData("shadow_rules: { action: ALLOW }", "200")]
    [InlineData("shadow_rules: { action: DENY, policies: { all: { permissions: [any: true], principals: [any: true] } } }", "200")]
    public void Without_policies_an_action_decides_alone_and_shadow_rules_never_do(string settings, string status)
    {
        using var fixture = PolicyText.Before(PolicyText.EnvoyFilters(Filter(settings)));
        Assert.Equal(status, fixture.StatusOfGet());
    }

    [Fact]
    public void Shadow_rules_are_counted_and_told()
    {
        using var fixture = PolicyText.Before(PolicyText.EnvoyFilters(Filter("shadow_rules: { action: DENY, policies: { all: { permissions: [any: true], principals: [any: true] } } }")));
        fixture.Get();
        Assert.Equal("shadow_denied", Assert.Single(fixture.Record.Verdicts.ToArray()).Outcome);
        Assert.Contains(fixture.Logger.Lines, line => line.Text.Contains("a dry run would deny GET / from 127.0.0.1: deny rule 'all' matched", StringComparison.Ordinal));
    }

    [Fact]
    public void A_route_may_have_rules_of_its_own_or_none()
    {
        var denies = Filter("rules: { action: ALLOW }");
        using var off = PolicyText.Before(PolicyText.EnvoyFilters(denies, $"envoy.filters.http.rbac: {{ '@type': {Type}.RBACPerRoute }}"));
        Assert.Equal("200", off.StatusOfGet());
        using var own = PolicyText.Before(PolicyText.EnvoyFilters(denies, $"envoy.filters.http.rbac: {{ '@type': {Type}.RBACPerRoute, rbac: {{ rules: {{ action: ALLOW, policies: {{ p: {{ permissions: [url_path: {{ path: {{ prefix: /p }} }}], principals: [any: true] }} }} }} }} }}"));
        Assert.Equal(("200", "403"), (own.StatusOfGet("/p"), own.StatusOfGet("/q")));
    }

    [Fact]
    public void Several_such_filters_run_one_after_the_other()
    {
        var two = Filter("rules: { action: DENY, policies: { d: { permissions: [url_path: { path: { exact: /d } }], principals: [any: true] } } }", "deny") + "\n" +
            Filter("rules: { action: ALLOW, policies: { a: { permissions: [url_path: { path: { prefix: / } }], principals: [any: true] } } }", "allow");
        using var fixture = PolicyText.Before(PolicyText.EnvoyFilters(two));
        Assert.Equal(("403", "200"), (fixture.StatusOfGet("/d"), fixture.StatusOfGet("/x")));
    }

    [Theory]
    [InlineData("matcher: {}", "is a tree of matchers, which is not supported; use rules with policies")]
    [InlineData("rules: { policies: { p: { permissions: [any: true], principals: [any: true], condition: { x: y } } } }", "is an expression of CEL, which is not supported; write it as permissions and principals")]
    [InlineData("rules: { policies: { p: { permissions: [], principals: [any: true] } } }", "permissions: is empty; say any: true for all")]
    [InlineData("rules: { policies: { p: { permissions: [any: true] } } }", "principals: is missing; add it")]
    [InlineData("rules: { policies: { p: { permissions: [any: false], principals: [any: true] } } }", "says nothing; use any: true")]
    [InlineData("rules: { policies: { p: { permissions: [{ any: true, destination_port: 1 }], principals: [any: true] } } }", "says several things")]
    [InlineData("rules: { policies: { p: { permissions: [metadata: {}], principals: [any: true] } } }", "looks at metadata of other filters, which Pillion does not have")]
    [InlineData("rules: { action: DNEY }", "'DNEY' is not an action; did you mean 'DENY'?")]
    [InlineData("rules: { policies: { p: { permissions: [destination_port_range: { start: 5, end: 5 }], principals: [any: true] } } }", "is empty: its end, which is not part of it, is not above its start")]
    public void What_is_not_supported_is_a_mistake(string settings, string expected) => Assert.Contains(expected, PolicyText.EnvoyErrors(Filter(settings)));

    [Fact]
    public void The_physical_peer_cannot_be_asked_for_behind_a_PROXY_header()
    {
        var file = PolicyText.EnvoyFile(Filter("rules: { policies: { p: { permissions: [any: true], principals: [not_id: { direct_remote_ip: { address_prefix: 10.0.0.0, prefix_len: 8 } }] } } }"), null)
            .Replace("    filter_chains:", "    listener_filters: [{ name: envoy.filters.listener.proxy_protocol, typed_config: { \"@type\": type.googleapis.com/envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol } }]\n    filter_chains:", StringComparison.Ordinal);
        Assert.Contains("has rules for direct_remote_ip, and the peer is not known any more behind a PROXY header; use source_ip", Tests.Configuration.Given.Errors(file, "envoy.yaml"));
    }

    private static string Status(string action, string permission, string principal, string request)
    {
        using var fixture = PolicyText.Before(PolicyText.EnvoyFilters(Filter($"rules: {{ action: {action}, policies: {{ p: {{ permissions: [{{ {permission} }}], principals: [{{ {principal} }}] }} }} }}")));
        return fixture.StatusOf(request);
    }

    private static string Filter(string settings, string name = "envoy.filters.http.rbac") => $"- name: {name}\n  typed_config:\n    \"@type\": {Type}.RBAC\n    {settings}";
}
