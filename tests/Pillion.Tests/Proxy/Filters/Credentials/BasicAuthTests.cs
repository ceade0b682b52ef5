using System.Security.Cryptography;
using System.Text;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Proxy.Filters.Credentials;

/// <summary>Users by their passwords (RFC 7617).</summary>
public sealed class BasicAuthTests : IDisposable
{
    private readonly SecretFiles _file = new($"ada:{Sha("lovelace")}\nbob:{Sha("")}\nzoë:{Sha("a:b")}\n");

    public void Dispose() => _file.Dispose();

    [Theory]
    [InlineData("ada:lovelace")]
    [InlineData("bob:")]
    [InlineData("zoë:a:b")]
    public void A_user_with_the_right_password_passes_and_the_password_does_not(string credential)
    {
        using var fixture = With("user_header: x-user");
        Assert.Equal("200", fixture.StatusOfGet("/", $"Authorization: {Basic(credential)}\r\nX-User: forged\r\n"));
        var seen = fixture.Upstream.Requests[0];
        Assert.DoesNotContain("authorization", seen, StringComparison.OrdinalIgnoreCase);
        Assert.Contains($"x-user: {Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(credential.Split(':')[0]))}\r\n", seen);
        Assert.DoesNotContain("forged", seen);
    }

    [Theory]
    [InlineData("", "missing", "no_credential_for_basic_auth")]
    [InlineData("Authorization: Bearer x\r\n", "other_scheme", "invalid_scheme_for_basic_auth")]
    [InlineData("Authorization: Basic\r\n", "other_scheme", "invalid_scheme_for_basic_auth")]
    [InlineData("Authorization: Basic !!!!\r\n", "malformed", "invalid_format_for_basic_auth")]
    [InlineData("Authorization: Basic YWRh\r\n", "malformed", "invalid_format_for_basic_auth")]
    [InlineData("Authorization: Basic YWRhOmxvdmVsYWNl\r\nAuthorization: Basic YWRhOmxvdmVsYWNl\r\n", "malformed", "invalid_format_for_basic_auth")]
    [InlineData("Authorization: Basic YWRhOndyb25n\r\n", "wrong", "invalid_credential_for_basic_auth")]
    [InlineData("Authorization: Basic bm9ib2R5Og==\r\n", "wrong", "invalid_credential_for_basic_auth")]
    public void Whoever_has_not_is_asked_for_it_and_told_why(string fields, string outcome, string details)
    {
        using var fixture = With("realm: 'the \"shop\"'");
        var answer = fixture.Request($"GET / HTTP/1.1\r\nHost: a\r\n{fields}\r\n").Received;
        Assert.StartsWith("HTTP/1.1 401 ", answer);
        Assert.Contains("www-authenticate: Basic realm=\"the \\\"shop\\\"\", charset=\"UTF-8\"\r\n", answer);
        Assert.Equal((outcome, details), (fixture.Record.Verdicts[0].Outcome, fixture.Record.Details));
        Assert.Contains("says pillion.yaml:4", answer);
        Assert.Empty(fixture.Upstream.Requests);
    }

    [Theory]
    [InlineData("basic YWRhOmxvdmVsYWNl")]
    [InlineData("BASIC  YWRhOmxvdmVsYWNl")]
    [InlineData("Basic Ym9iOg")]
    public void The_scheme_has_no_case_and_padding_may_be_missing(string credential)
    {
        using var fixture = With();
        Assert.Equal("200", fixture.StatusOfGet("/", $"Authorization: {credential}\r\n"));
    }

    [Fact]
    public void Authorization_may_ask_for_the_user()
    {
        using var fixture = PolicyText.Before(PolicyText.Native($"basic_auth: {{ file: '{_file.Path}' }}\nauthorization: {{ allow: [{{ users: ada }}] }}"));
        Assert.Equal(("200", "403"), (fixture.StatusOfGet("/", $"Authorization: {Basic("ada:lovelace")}\r\n"), fixture.StatusOfGet("/", $"Authorization: {Basic("bob:")}\r\n")));
    }

    [Fact]
    public void A_file_that_changes_is_taken()
    {
        using var fixture = With();
        _file.Replace(fixture, $"ada:{Sha("new")}\n");
        Assert.Equal(("401", "200"), (fixture.StatusOfGet("/", $"Authorization: {Basic("ada:lovelace")}\r\n"), fixture.StatusOfGet("/", $"Authorization: {Basic("ada:new")}\r\n")));
    }

    [Theory]
    [InlineData("ada:$2y$05$abcdefghijklmnopqrstuv", "has a line 1 whose password is not {SHA} and its digest; use lines of USER:{SHA}DIGEST, as 'htpasswd -s' makes them")]
    [InlineData("ada:lovelace", "has a line 1 whose password is not {SHA} and its digest")]
    [InlineData("ada:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\nada:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", "has a line 2 whose user 'ada' has a line already")]
    public void A_file_that_is_wrong_refuses_the_configuration(string content, string expected)
    {
        _file.Write(content);
        using var fixture = new ProxyFixture();
        var filters = PolicyText.Native($"basic_auth: {{ file: '{_file.Path}' }}");
        Assert.Contains(expected, Assert.Single(fixture.Reload(ProxyFixture.Make(route: route => route with { Filters = filters }))));
    }

    [Fact]
    public void Envoy_s_filter_means_the_same()
    {
        const string type = "type.googleapis.com/envoy.extensions.filters.http.basic_auth.v3";
        var filter = $"- name: envoy.filters.http.basic_auth\n  typed_config: {{ \"@type\": {type}.BasicAuth, users: {{ inline_string: 'ada:{Sha("lovelace")}' }}, forward_username_header: x-user, authentication_header: x-auth }}";
        using var fixture = PolicyText.Before(PolicyText.EnvoyFilters(filter));
        Assert.Equal(("200", "401"), (fixture.StatusOfGet("/", $"x-auth: {Basic("ada:lovelace")}\r\n"), fixture.StatusOfGet("/", $"authorization: {Basic("ada:lovelace")}\r\n")));
        Assert.Contains("x-user: ada\r\n", fixture.Upstream.Requests[0]);
        Assert.Contains("x-auth: Basic", fixture.Upstream.Requests[0]);
        using var own = PolicyText.Before(PolicyText.EnvoyFilters(filter, $"envoy.filters.http.basic_auth: {{ '@type': {type}.BasicAuthPerRoute, users: {{ inline_string: 'eve:{Sha("x")}' }} }}"));
        Assert.Equal(("200", "401"), (own.StatusOfGet("/", $"x-auth: {Basic("eve:x")}\r\n"), own.StatusOfGet("/", $"x-auth: {Basic("ada:lovelace")}\r\n")));
    }

    [Fact]
    public void A_grpc_call_gets_a_status_of_its_own_protocol()
    {
        using var fixture = With();
        var asked = fixture.ConnectHttp2().Ask("POST", "/pkg.Service/Method", fields: [("content-type", "application/grpc"), ("te", "trailers")]);
        Assert.Equal(200, asked.Status);
        Assert.Contains("grpc-status: 16", Http2Call.Text(asked.Response.Fields));
    }

    private ProxyFixture With(string more = "") => PolicyText.Before(PolicyText.Native($"basic_auth: {{ file: '{_file.Path}'{(more.Length > 0 ? ", " + more : "")} }}"));

    private static string Basic(string credential) => "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes(credential));

    private static string Sha(string password) => "{SHA}" + Convert.ToBase64String(SHA1.HashData(Encoding.UTF8.GetBytes(password)));
}
