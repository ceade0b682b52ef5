using Pillion.Proxy.Filters.Callers;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Proxy.Filters.Authorization;

/// <summary>Every condition a rule may have, true and not true, over a request.</summary>
public sealed class RuleConditionTests
{
    private const string Web = "spiffe://example.org/ns/shop/sa/web";

    [Theory]
    [InlineData("identities: spiffe://example.org/ns/shop/sa/web", Web, true)]
    [InlineData("identities: spiffe://example.org/ns/shop/sa/web", "spiffe://example.org/ns/shop/sa/web2", false)]
    [InlineData("identities: spiffe://example.org/ns/shop/*", Web, true)]
    [InlineData("identities: spiffe://example.org/ns/shop/*", "spiffe://example.org/ns/shopping/sa/web", false)]
    [InlineData("identities: spiffe://example.org", Web, true)]
    [InlineData("identities: spiffe://example.org", "spiffe://example.org.evil/ns/shop/sa/web", false)]
    [InlineData("identities: '*/sa/web'", Web, true)]
    [InlineData("identities: '*/sa/web'", "spiffe://example.org/ns/shop/sa/x-web", false)]
    [InlineData("identities: '*'", Web, true)]
    [InlineData("identities: '*'", null, false)]
    [InlineData("not_identities: '*'", null, true)]
    [InlineData("not_identities: '*'", Web, false)]
    [InlineData("trust_domains: example.org", Web, true)]
    [InlineData("trust_domains: example.org", "spiffe://example.com/ns/shop/sa/web", false)]
    [InlineData("trust_domains: example.org", null, false)]
    [InlineData("not_trust_domains: example.org", null, true)]
    [InlineData("namespaces: [pay, shop]", Web, true)]
    [InlineData("namespaces: sho*", Web, true)]
    [InlineData("namespaces: shop", "spiffe://example.org/ns/shop/sa/web/extra", false)]
    [InlineData("namespaces: '*'", "spiffe://example.org/vm/web", false)]
    [InlineData("service_accounts: web", Web, true)]
    [InlineData("service_accounts: web", "spiffe://example.org/ns/shop/sa/api", false)]
    [InlineData("not_service_accounts: web", "spiffe://example.org/ns/shop/sa/api", true)]
    public void Who_the_peer_proved_to_be(string condition, string? identity, bool matches) => Check(condition, matches, caller: new KnownCaller { Identity = identity });

    [Theory]
    [InlineData("users: ada", "ada", null, true)]
    [InlineData("users: ada", "Ada", null, false)]
    [InlineData("users: ada", null, null, false)]
    [InlineData("users: '*'", "bob", null, true)]
    [InlineData("not_users: ada", null, null, true)]
    [InlineData("api_clients: mobile-*", null, "mobile-7", true)]
    [InlineData("api_clients: mobile-*", null, "batch", false)]
    public void Who_filters_have_verified(string condition, string? user, string? client, bool matches) => Check(condition, matches, caller: new KnownCaller { User = user, Client = client });

    [Theory]
    [InlineData("claims: { groups: admin }", true)]
    [InlineData("claims: { groups: adm }", false)]
    [InlineData("claims: { groups: { not: true, exact: admin } }", false)]
    [InlineData("claims: { none: { not: true, exact: admin } }", true)]
    [InlineData("claims: { none: admin }", false)]
    [InlineData("claims: { none: { present: false } }", true)]
    [InlineData("claims: { groups: { present: false } }", false)]
    [InlineData("claims: { groups: { present: true } }", true)]
    [InlineData("claims: { iss: https://issuer.example, sub: ada }", true)]
    [InlineData("claims: { iss: https://other.example }", false)]
    [InlineData("claims: { level: { range: [2, 4] } }", true)]
    [InlineData("claims: { level: { range: [4, 9] } }", false)]
    [InlineData("claims: { groups: [{ prefix: ad }, { suffix: ev }] }", true)]
    public void What_a_verified_token_says(string condition, bool matches) => Check(condition, matches, caller: new KnownCaller { Claims = new KnownClaims(("groups", "dev,admin"), ("level", "3")) });

    [Fact]
    public void Without_a_token_no_claim_is_there()
    {
        Check("claims: { groups: admin }", false);
        Check("claims: { groups: { present: false } }", true);
        Check("claims: { groups: { not: true, exact: admin } }", true);
    }

    [Theory]
    [InlineData("methods: GET", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", true)]
    [InlineData("methods: [get, PURGE]", "PURGE / HTTP/1.1\r\nHost: a\r\n\r\n", true)]
    [InlineData("methods: GET", "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", false)]
    [InlineData("not_methods: [GET, HEAD]", "DELETE / HTTP/1.1\r\nHost: a\r\n\r\n", true)]
    [InlineData("not_methods: [GET, HEAD]", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", false)]
    [InlineData("hosts: shop.example", "GET / HTTP/1.1\r\nHost: SHOP.example:8443\r\n\r\n", true)]
    [InlineData("hosts: shop.example", "GET / HTTP/1.1\r\nHost: shop.example.\r\n\r\n", true)]
    [InlineData("hosts: shop.example", "GET / HTTP/1.1\r\nHost: shop.example.evil\r\n\r\n", false)]
    [InlineData("hosts: '*.example'", "GET / HTTP/1.1\r\nHost: shop.example:1\r\n\r\n", true)]
    [InlineData("hosts: '*.example'", "GET / HTTP/1.1\r\nHost: example\r\n\r\n", false)]
    [InlineData("hosts: '[::1]'", "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", true)]
    [InlineData("ports: 15000", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", true)]
    [InlineData("ports: [1, 15001-15010]", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", false)]
    [InlineData("not_ports: 14000-15000", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", false)]
    [InlineData("headers: { x-tenant: a }", "GET / HTTP/1.1\r\nHost: a\r\nX-Tenant: a\r\n\r\n", true)]
    [InlineData("headers: { x-tenant: a }", "GET / HTTP/1.1\r\nHost: a\r\nX-Tenant: a\r\nX-Tenant: b\r\n\r\n", false)]
    [InlineData("headers: { x-tenant: { not: true, exact: a } }", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", true)]
    [InlineData("headers: { x-tenant: { not: true, exact: a } }", "GET / HTTP/1.1\r\nHost: a\r\nX-Tenant: a\r\n\r\n", false)]
    [InlineData("headers: { x-tenant: { present: false } }", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", true)]
    [InlineData("query: { debug: '1' }", "GET /?x=y&debug=1 HTTP/1.1\r\nHost: a\r\n\r\n", true)]
    [InlineData("query: { debug: '1' }", "GET /?x=debug=1 HTTP/1.1\r\nHost: a\r\n\r\n", false)]
    public void What_is_asked(string condition, string request, bool matches) => Check(condition, matches, request);

    [Theory]
    [InlineData("/admin", "/admin", true)]
    [InlineData("/admin", "/admin/", false)]
    [InlineData("/admin", "/admin?x=/other", true)]
    [InlineData("/admin", "/Admin", false)]
    [InlineData("/admin/*", "/admin", true)]
    [InlineData("/admin/*", "/admin/users/1", true)]
    [InlineData("/admin/*", "/administrator", false)]
    [InlineData("/admin*", "/administrator", true)]
    [InlineData("'*/status'", "/a/b/status", true)]
    [InlineData("'*/status'", "/a/b/status/x", false)]
    [InlineData("'*.php'", "/index.php", true)]
    [InlineData("'*.php'", "/indexxphp", false)]
    [InlineData("'*'", "/anything", true)]
    [InlineData("/*", "/anything", true)]
    // As routes see it: dot segments, escapes of plain letters and doubled slashes are no way past a rule.
    [InlineData("/admin/*", "/x/../admin/users", true)]
    [InlineData("/admin/*", "/%61dmin/users", true)]
    [InlineData("/admin/*", "//admin//users", true)]
    [InlineData("/admin/*", "/./admin", true)]
    [InlineData("/admin/*", "/x/%2e%2e/admin", true)]
    [InlineData("/admin/*", "/%2561dmin", false)]
    public void Paths_are_compared_in_the_form_that_routes_are(string pattern, string path, bool matches)
    {
        Check($"paths: {pattern}", matches, $"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n");
        Check($"not_paths: {pattern}", !matches, $"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n");
    }

    [Theory]
    [InlineData("peers: 127.0.0.0/8", "", true)]
    [InlineData("peers: 10.0.0.0/8", "", false)]
    [InlineData("not_peers: [10.0.0.0/8, 127.0.0.1]", "", false)]
    [InlineData("peers: 10.0.0.0/8", "X-Forwarded-For: 10.1.2.3\r\n", false)]
    [InlineData("clients: 127.0.0.1", "X-Forwarded-For: 10.1.2.3\r\n", true)]
    public void Where_it_comes_from(string condition, string fields, bool matches) => Check(condition, matches, $"GET / HTTP/1.1\r\nHost: a\r\n{fields}\r\n");

    [Fact]
    public void All_conditions_of_a_rule_must_be_true()
    {
        Check("{ methods: GET, paths: /a, peers: 127.0.0.1 }", true, "GET /a HTTP/1.1\r\nHost: a\r\n\r\n");
        Check("{ methods: GET, paths: /a, peers: 10.0.0.1 }", false, "GET /a HTTP/1.1\r\nHost: a\r\n\r\n");
        Check("{ methods: GET, not_paths: /a }", false, "GET /a HTTP/1.1\r\nHost: a\r\n\r\n");
    }

    private static void Check(string condition, bool matches, string request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n", KnownCaller? caller = null)
    {
        var rule = condition.StartsWith('{') ? condition : $"{{ {condition} }}";
        using var fixture = PolicyText.Before(PolicyText.Native($"authorization: {{ allow: [{rule}] }}"), caller is null ? [] : [caller]);
        Assert.Equal(matches ? "200" : "403", fixture.StatusOf(request));
    }
}
