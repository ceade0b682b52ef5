using System.Security.Cryptography;
using System.Text;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Proxy.Filters.Credentials;

/// <summary>Clients by their keys, from a file or from Envoy's settings.</summary>
public sealed class ApiKeyTests : IDisposable
{
    private readonly SecretFiles _file = new($"# keys\nmobile:key-of-mobile\n\nbatch:{{SHA256}}{Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes("key-of-batch")))}\n");

    public void Dispose() => _file.Dispose();

    [Fact]
    public void A_key_that_is_known_lets_pass_and_goes_no_further()
    {
        using var fixture = With("client_header: x-client");
        Assert.Equal("200", fixture.StatusOfGet("/", "X-Api-Key: key-of-mobile\r\nX-Client: forged\r\n"));
        var seen = fixture.Upstream.Requests[0];
        Assert.DoesNotContain("key-of-mobile", seen);
        Assert.Contains("x-client: mobile\r\n", seen);
        Assert.DoesNotContain("forged", seen);
        Assert.Equal("allowed", fixture.Record.Verdicts[0].Outcome);
        Assert.Equal("200", fixture.StatusOfGet("/", "x-api-key: key-of-batch\r\n"));
    }

    [Theory]
    [InlineData("", "missing", "missing_api_key", "it has no API key")]
    [InlineData("x-api-key: \r\n", "missing", "missing_api_key", "it has no API key")]
    [InlineData("x-api-key: other\r\n", "unknown", "unknown_api_key", "its API key is nobody's")]
    [InlineData("x-api-key: mobile\r\n", "unknown", "unknown_api_key", "its API key is nobody's")]
    [InlineData("x-api-key: key-of-mobile\r\nx-api-key: key-of-mobile\r\n", "unknown", "unknown_api_key", "its API key is nobody's")]
    public void Whoever_has_none_is_refused_and_told_why(string fields, string outcome, string details, string cause)
    {
        using var fixture = With();
        var answer = fixture.Request($"GET / HTTP/1.1\r\nHost: a\r\n{fields}\r\n").Received;
        Assert.StartsWith("HTTP/1.1 401 ", answer);
        Assert.Contains($"api_keys could not establish who asks: {cause}, says pillion.yaml:4", answer);
        Assert.Equal((outcome, details), (fixture.Record.Verdicts[0].Outcome, fixture.Record.Details));
        Assert.Empty(fixture.Upstream.Requests);
    }

    [Fact]
    public void A_key_that_is_too_long_for_anybody_s_is_nobody_s()
    {
        using var fixture = With();
        Assert.Equal("401", fixture.StatusOfGet("/", $"x-api-key: {new string('k', 4000)}\r\n"));
    }

    [Theory]
    [InlineData("/?api=key-of-mobile", "", "/")]
    [InlineData("/a?x=1&api=key-of-mobile&y=2", "", "/a?x=1&y=2")]
    [InlineData("/a?x=1&api=key%2Dof%2dmobile", "", "/a?x=1")]
    [InlineData("/a?x=1&a%70i=key-of-mobile&api=again", "", "/a?x=1")]
    [InlineData("/", "Cookie: a=b; session=key-of-mobile; c=d\r\n", "/")]
    [InlineData("/", "Cookie: session=\"key-of-mobile\"\r\n", "/")]
    [InlineData("/?api=", "Authorization: Bearer key-of-mobile\r\n", "/")]
    public void Keys_may_come_in_a_query_a_cookie_or_behind_a_scheme_and_are_taken_out_of_each(string target, string fields, string sent)
    {
        using var fixture = With("from: [{ query: api }, { cookie: session }, { header: authorization }]");
        Assert.Equal("200", fixture.StatusOfGet(target, fields));
        var seen = fixture.Upstream.Requests[0];
        Assert.StartsWith($"GET {sent} HTTP/1.1\r\n", seen);
        Assert.DoesNotContain("mobile", seen);
        Assert.DoesNotContain("again", seen);
        if (fields.Contains("a=b"))
        {
            Assert.Contains("Cookie: a=b; c=d\r\n", seen);
        }
        else
        {
            Assert.DoesNotContain("cookie", seen, StringComparison.OrdinalIgnoreCase);
        }

        Assert.DoesNotContain("mobile", fixture.Log[0]);
        Assert.DoesNotContain("mobile", fixture.Record.Target.ToString());
    }

    [Fact]
    public void A_key_in_a_query_is_in_no_log_even_where_it_is_wrong()
    {
        using var fixture = With("from: { query: api }");
        Assert.Equal("401", fixture.StatusOfGet("/a?api=key-of-mobilf&x=1"));
        Assert.Equal("/a?x=1", fixture.Record.Target.ToString());
        Assert.DoesNotContain("key-of", fixture.Log[0]);
    }

    [Fact]
    public void A_route_may_take_only_some_of_the_clients()
    {
        using var fixture = With("clients: batch");
        Assert.Equal("200", fixture.StatusOfGet("/", "x-api-key: key-of-batch\r\n"));
        Assert.Equal("403", fixture.StatusOfGet("/", "x-api-key: key-of-mobile\r\n"));
        Assert.Equal(("forbidden", "client_not_allowed"), (fixture.Record.Verdicts[0].Outcome, fixture.Record.Details));
    }

    [Fact]
    public void The_key_may_be_kept()
    {
        using var fixture = With("keep: true");
        fixture.StatusOfGet("/", "x-api-key: key-of-mobile\r\n");
        Assert.Contains("x-api-key: key-of-mobile", fixture.Upstream.Requests[0]);
    }

    [Fact]
    public void A_file_that_changes_is_taken_and_one_that_is_broken_is_not()
    {
        using var fixture = With();
        _file.Replace(fixture, "other:new-key\n");
        Assert.Equal(("401", "200"), (fixture.StatusOfGet("/", "x-api-key: key-of-mobile\r\n"), fixture.StatusOfGet("/", "x-api-key: new-key\r\n")));
        _file.Replace(fixture, "no colon here, and longer than before\n");
        Assert.Equal("200", fixture.StatusOfGet("/", "x-api-key: new-key\r\n"));
    }

    [Fact]
    public void Authorization_may_ask_for_the_client()
    {
        using var fixture = PolicyText.Before(PolicyText.Native($"api_keys: {{ file: '{_file.Path}' }}\nauthorization: {{ allow: [{{ api_clients: mobile }}] }}"));
        Assert.Equal(("200", "403"), (fixture.StatusOfGet("/", "x-api-key: key-of-mobile\r\n"), fixture.StatusOfGet("/", "x-api-key: key-of-batch\r\n")));
    }

    [Theory]
    [InlineData("mobile\n", "has a line 1 that is not NAME:SECRET")]
    [InlineData("# nothing\n", "names nobody")]
    [InlineData("a:same\nb:same\n", "has a line 2 whose key is that of 'a' too")]
    [InlineData("a:{SHA256}12\n", "has a line 1 whose digest is not {SHA256} and 64 hex digits")]
    public void A_file_that_is_wrong_refuses_the_configuration_without_showing_a_key(string content, string expected)
    {
        _file.Write(content);
        using var fixture = new ProxyFixture();
        var filters = PolicyText.Native($"api_keys: {{ file: '{_file.Path}' }}");
        var mistake = Assert.Single(fixture.Reload(ProxyFixture.Make(route: route => route with { Filters = filters })));
        Assert.Contains(expected, mistake);
        Assert.Contains("pillion.yaml:4", mistake);
        Assert.DoesNotContain("same", mistake);
    }

    [Fact]
    public void A_file_that_is_not_there_refuses_the_configuration()
    {
        using var fixture = new ProxyFixture();
        var filters = PolicyText.Native("api_keys: { file: /nowhere/keys }");
        Assert.Contains("/nowhere/keys: there is no such file; put it there", Assert.Single(fixture.Reload(ProxyFixture.Make(route: route => route with { Filters = filters }))));
    }

    [Fact]
    public void Envoy_s_filter_means_the_same()
    {
        using var fixture = PolicyText.Before(PolicyText.EnvoyFilters(Envoy("credentials: [{ key: one, client: a }, { key: two, client: b }], key_sources: [{ header: x-key }, { query: key }], forwarding: { header: x-client }")));
        Assert.Equal(("200", "200", "401"), (fixture.StatusOfGet("/", "x-key: one\r\n"), fixture.StatusOfGet("/?key=two"), fixture.StatusOfGet()));
        Assert.Contains("x-key: one", fixture.Upstream.Requests[0]);
        Assert.Contains("x-client: b", fixture.Upstream.Requests[1]);
        using var hiding = PolicyText.Before(PolicyText.EnvoyFilters(
            Envoy("credentials: [{ key: one, client: a }, { key: two, client: b }], key_sources: [{ header: x-key }]"),
            "envoy.filters.http.api_key_auth: { '@type': type.googleapis.com/envoy.extensions.filters.http.api_key_auth.v3.ApiKeyAuthPerRoute, allowed_clients: [b], forwarding: { hide_credentials: true } }"));
        Assert.Equal(("403", "200"), (hiding.StatusOfGet("/", "x-key: one\r\n"), hiding.StatusOfGet("/", "x-key: two\r\n")));
        Assert.DoesNotContain("x-key", hiding.Upstream.Requests[0]);
    }

    [Theory]
    [InlineData("api_keys: { file: k, from: [] }", "from: is empty; name a header, query or cookie, or remove it")]
    [InlineData("api_keys: { file: k, from: { header: a, cookie: b } }", "names several places; give one of header, query or cookie; write a list for several")]
    [InlineData("api_keys: { file: k, from: { query: a }, keep: true }", "keep: would leave the key in the query, where every log has it; take the key from a header, or remove it")]
    [InlineData("api_keys: {}", "api_keys.file: is missing; add it")]
    [InlineData("api_keys: { file: k, client_header: content-length }", "'content-length' cannot be edited")]
    public void A_mistake_says_what_would_be_right(string settings, string expected) => Assert.Contains(expected, PolicyText.NativeErrors(settings));

    [Fact]
    public void Two_clients_with_one_key_are_a_mistake_that_does_not_show_it()
    {
        var errors = PolicyText.EnvoyErrors(Envoy("credentials: [{ key: hush, client: a }, { key: hush, client: b }], key_sources: [{ header: x }]"));
        Assert.Contains("key is that of 'a' too; give each client its own key", errors);
        Assert.DoesNotContain("hush", errors);
    }

    private ProxyFixture With(string more = "") => PolicyText.Before(PolicyText.Native($"api_keys: {{ file: '{_file.Path}'{(more.Length > 0 ? ", " + more : "")} }}"));

    private static string Envoy(string settings) => $"- name: envoy.filters.http.api_key_auth\n  typed_config: {{ \"@type\": type.googleapis.com/envoy.extensions.filters.http.api_key_auth.v3.ApiKeyAuth, {settings} }}";
}
