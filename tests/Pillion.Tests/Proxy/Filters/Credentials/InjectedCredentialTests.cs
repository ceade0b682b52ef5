using Pillion.Core.Signals;
using Pillion.Core.Signals.AccessLog;
using Pillion.Net.Http;
using Pillion.Proxy.Configuration;
using Pillion.Tests.Configuration;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Proxy.Filters.Credentials;

/// <summary>A secret that the application never holds, put into its requests.</summary>
public sealed class InjectedCredentialTests : IDisposable
{
    private readonly SecretFiles _file = new("t0ps3cret\n");

    public void Dispose() => _file.Dispose();

    [Fact]
    public void It_is_put_into_each_request_and_a_new_one_is_taken_at_once()
    {
        using var fixture = With("prefix: 'Bearer '");
        fixture.StatusOfGet();
        Assert.Contains("authorization: Bearer t0ps3cret\r\n", fixture.Upstream.Requests[0], StringComparison.OrdinalIgnoreCase);
        Assert.Equal("injected", fixture.Record.Verdicts[0].Outcome);
        _file.Replace(fixture, "n3xt");
        fixture.StatusOfGet();
        Assert.Contains("authorization: Bearer n3xt\r\n", fixture.Upstream.Requests[1], StringComparison.OrdinalIgnoreCase);
        _file.Replace(fixture, "two\nlines");
        fixture.StatusOfGet();
        Assert.Contains("Bearer n3xt\r\n", fixture.Upstream.Requests[2]);
    }

    [Theory]
    [InlineData("header: x-token", "x-token: mine", "kept")]
    [InlineData("header: x-token, overwrite: true", "x-token: t0ps3cret", "injected")]
    public void What_the_application_sends_is_kept_or_replaced(string settings, string expected, string outcome)
    {
        using var fixture = With(settings);
        fixture.StatusOfGet("/", "X-Token: mine\r\n");
        Assert.Contains(expected, fixture.Upstream.Requests[0], StringComparison.OrdinalIgnoreCase);
        Assert.Equal(outcome, fixture.Record.Verdicts[0].Outcome);
    }

    [Fact]
    public void No_log_and_no_header_edit_ever_shows_it()
    {
        var filters = PolicyText.Native($"credential: {{ file: '{_file.Path}' }}");
        using var fixture = new ProxyFixture(
            route: route => route with { Filters = filters, ResponseHeaders = new() { Add = [new("x-echo", "%REQ(authorization)%", HeaderAppend.Set)] } },
            http: http => http with { AccessLogs = [new AccessLogConfig { Path = ProxyFixture.LogPath, Format = AccessLogFormat.Text, Text = "%REQ(AUTHORIZATION)% %REQ(:PATH)%\n" }] });
        fixture.Upstream.Answer = _ => "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
        var answer = fixture.Get().Received;
        Assert.Contains("t0ps3cret", fixture.Upstream.Requests[0]);
        Assert.DoesNotContain("t0ps3cret", answer);
        Assert.Equal("[redacted] /", fixture.Log[0].Trim());
    }

    [Fact]
    public void What_a_client_itself_calls_sensitive_is_still_its_own_to_show()
    {
        var request = new RequestHead();
        request.Fields.Add(KnownField.Authorization, "authorization"u8, "mine"u8, isSensitive: true);
        var line = new LineBuffer();
        Assert.True(new FieldOperator(FieldSource.Request, "authorization", null, 256, withoutQuery: false).Write(line, new LogExchange(new RequestRecord(), request, null, null)));
        Assert.Equal("mine", line.ToString());
    }

    [Theory]
    [InlineData("", "is empty; put the secret into it")]
    [InlineData("a\nb", "has several lines or control characters, which no header can hold; put the secret alone into it")]
    public void A_file_that_is_wrong_refuses_the_configuration_without_showing_it(string content, string expected)
    {
        _file.Write(content);
        using var fixture = new ProxyFixture();
        var filters = PolicyText.Native($"credential: {{ file: '{_file.Path}' }}");
        Assert.Contains(expected, Assert.Single(fixture.Reload(ProxyFixture.Make(route: route => route with { Filters = filters }))));
    }

    [Fact]
    public void A_service_has_one_for_all_of_its_routes_and_a_route_may_have_none()
    {
        var config = Given.Config($"outbound: {{ services: {{ pay: {{ endpoints: 10.0.0.1:80, credential: {{ file: '{_file.Path}' }}, routes: [{{ prefix: /open, credential: off }}] }} }} }}");
        var routes = config.Proxy.Listeners[0].Http!.Routes.VirtualHosts[0].Routes;
        Assert.Equal([0, 1, 1], routes.Select(route => route.Filters.Count));
    }

    [Fact]
    public void Envoy_s_filter_takes_a_secret_of_the_file()
    {
        const string filter = "- name: envoy.filters.http.credential_injector\n  typed_config: { \"@type\": type.googleapis.com/envoy.extensions.filters.http.credential_injector.v3.CredentialInjector, overwrite: true, credential: { name: envoy.http.injected_credentials.generic, typed_config: { \"@type\": type.googleapis.com/envoy.extensions.http.injected_credentials.generic.v3.Generic, credential: { name: pay }, header: x-token } } }";
        Assert.Contains("'pay' is not a secret of this file; add it to static_resources.secrets", PolicyText.EnvoyErrors(filter));
        using var fixture = PolicyText.Before(PolicyText.EnvoyFilters(filter, secrets: $"[{{ name: pay, generic_secret: {{ secret: {{ filename: '{_file.Path}' }} }} }}]"));
        fixture.StatusOfGet("/", "X-Token: mine\r\n");
        Assert.Contains("x-token: t0ps3cret\r\n", fixture.Upstream.Requests[0]);
    }

    private ProxyFixture With(string more) => PolicyText.Before(PolicyText.Native($"credential: {{ file: '{_file.Path}', {more} }}"));
}
