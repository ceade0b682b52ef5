using Pillion.Core.Resilience;
using Pillion.Core.Signals;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Proxy.Filters.Authorization;

/// <summary>Deny before allow, default deny once something is allowed, and every refusal explained.</summary>
public sealed class AuthorizationTests
{
    [Theory]
    [InlineData("authorization: { deny: [{ paths: /admin/* }] }", "/admin/x", "403")]
    [InlineData("authorization: { deny: [{ paths: /admin/* }] }", "/orders", "200")]
    [InlineData("authorization: { allow: [{ paths: /orders/* }] }", "/orders", "200")]
    [InlineData("authorization: { allow: [{ paths: /orders/* }] }", "/other", "403")]
    [InlineData("authorization: { deny: [{ paths: /orders/secret }], allow: [{ paths: /orders/* }] }", "/orders/secret", "403")]
    [InlineData("authorization: { deny: [{ paths: /orders/secret }], allow: [{ paths: /orders/* }] }", "/orders/1", "200")]
    [InlineData("authorization: { deny: [{ any: true }], allow: [{ any: true }] }", "/", "403")]
    [InlineData("authorization: { allow: [{ any: true }] }", "/", "200")]
    [InlineData("authorization: { dry_run: true, deny: [{ any: true }] }", "/", "200")]
    [InlineData("authorization: { deny: [{ any: true, dry_run: true }] }", "/", "200")]
    [InlineData("authorization: { allow: [{ paths: /x, dry_run: true }] }", "/", "200")]
    [InlineData("authorization: { dry_run: true, deny: [{ any: true, dry_run: false }] }", "/", "403")]
    public void Deny_rules_come_before_allow_rules_and_an_allow_rule_denies_the_rest(string settings, string path, string status)
    {
        using var fixture = PolicyText.Before(PolicyText.Native(settings));
        Assert.Equal(status, fixture.StatusOfGet(path));
    }

    [Fact]
    public void A_denial_says_which_rule_and_line_in_answer_record_metric_and_log()
    {
        using var fixture = PolicyText.Before(PolicyText.Native("""
            authorization:
              deny:
              - name: no admin
                paths: /admin/*
            """));
        var answer = fixture.Get("/admin").Received;

        Assert.StartsWith("HTTP/1.1 403 ", answer);
        Assert.Contains("authorization refused the request: deny rule 'no admin' matched, says pillion.yaml:6: inbound.authorization.deny[0]", answer);
        Assert.Contains("Proxy-Status: pillion; error=http_request_denied; details=\"deny rule 'no admin' matched\"", answer, StringComparison.OrdinalIgnoreCase);
        Assert.Equal((FailureKind.Denied, ResponseFlags.UAEX), (fixture.Record.Failure.Kind, fixture.Record.Flags));
        Assert.Equal("rbac_access_denied_matched_policy[no_admin]", fixture.Record.Details);
        var verdict = Assert.Single(fixture.Record.Verdicts.ToArray());
        Assert.Equal(("authorization", "denied", 6), (verdict.Policy, verdict.Outcome, verdict.Source.Line));
        Assert.Equal(1, Count(fixture, "verdict", "denied"));
        Assert.Equal(1, Count(fixture, "rule", "no admin"));
        Assert.Contains("\"details\":\"rbac_access_denied_matched_policy[no_admin]\"", fixture.Log[0]);
        Assert.Contains("pillion.yaml:6", fixture.Log[0]);
    }

    [Fact]
    public void Where_no_allow_rule_matches_the_nearest_is_named_and_what_it_lacked()
    {
        using var fixture = PolicyText.Before(PolicyText.Native("""
            authorization:
              allow:
              - { name: read, methods: GET, paths: /orders/*, headers: { x-tenant: a } }
              - { name: write, methods: POST, paths: /orders/*, headers: { x-tenant: a }, identities: '*' }
            """));
        var answer = fixture.Request("DELETE /orders HTTP/1.1\r\nHost: a\r\nx-tenant: a\r\n\r\n").Received;

        Assert.Contains("no allow rule matched; the nearest is 'read', but for methods", answer);
        Assert.Equal("rbac_access_denied_matched_policy[none]", fixture.Record.Details);
        Assert.Equal(1, Count(fixture, "rule", "none"));
        Assert.Equal("inbound.authorization", fixture.Record.Verdicts[0].Source.Path);
    }

    [Fact]
    public void A_rule_that_allows_is_told_and_counted_too()
    {
        using var fixture = PolicyText.Before(PolicyText.Native("authorization: { allow: [{ paths: /a }, { paths: /b }] }"));
        fixture.Get("/b");
        Assert.Equal("allowed", fixture.Record.Verdicts[0].Outcome);
        Assert.Equal("inbound.authorization.allow[1]", fixture.Record.Verdicts[0].Source.Path);
        Assert.Equal(1, Count(fixture, "rule", "allow[1]"));
    }

    [Fact]
    public void A_dry_run_counts_and_logs_what_it_would_refuse_and_refuses_nothing()
    {
        using var fixture = PolicyText.Before(PolicyText.Native("""
            authorization:
              deny: [{ name: later, paths: /old/*, dry_run: true }]
              allow: [{ name: now, methods: GET }]
            """));

        Assert.Equal("200", fixture.StatusOfGet("/old/x"));
        Assert.Equal(["shadow_denied", "allowed"], fixture.Record.Verdicts.ToArray().Select(verdict => verdict.Outcome));
        Assert.Equal("200", fixture.StatusOfGet("/new"));
        Assert.Equal(["shadow_allowed", "allowed"], fixture.Record.Verdicts.ToArray().Select(verdict => verdict.Outcome));
        Assert.Equal("403", fixture.StatusOf("POST /old/x HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"));
        Assert.Equal((2, 1), (Count(fixture, "rule", "later"), Count(fixture, "verdict", "denied")));
        var line = Assert.Single(fixture.Logger.Lines, line => line.Text.Contains("dry run", StringComparison.Ordinal));
        Assert.Contains("a dry run would deny GET /old/x from 127.0.0.1: deny rule 'later' matched", line.Text);
    }

    [Fact]
    public void A_dry_run_tells_at_most_one_line_a_second_and_how_many_it_kept_back()
    {
        using var fixture = PolicyText.Before(PolicyText.Native("authorization: { dry_run: true, deny: [{ any: true }] }"));
        for (var i = 0; i < 5; i++)
        {
            fixture.Get();
        }

        fixture.AdvanceSeconds(1.1);
        fixture.Get();
        var lines = fixture.Logger.Lines.Where(line => line.Text.Contains("dry run", StringComparison.Ordinal)).ToList();
        Assert.Equal(2, lines.Count);
        Assert.Contains("(4 more were not told)", lines[1].Text);
    }

    [Fact]
    public void A_policy_that_changes_decides_on_connections_that_are_open()
    {
        using var fixture = PolicyText.Before(PolicyText.Native("authorization: { allow: [{ any: true }] }"));
        var client = fixture.Get();
        Assert.StartsWith("HTTP/1.1 200 ", client.TakeHead());
        client.Take(2);

        var listener = fixture.Config.Listeners[0];
        var http = listener.Chains[0].Http!;
        var host = http.Routes.VirtualHosts[0];
        var route = host.Routes[0] with { Filters = PolicyText.Native("authorization: { deny: [{ name: closed, any: true }] }") };
        var next = http with { Routes = http.Routes with { VirtualHosts = [host with { Routes = [route] }] } };
        Assert.Empty(fixture.Reload(fixture.Config with { Listeners = [listener with { Chains = [listener.Chains[0] with { Http = next }] }] }));

        client.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 403 ", client.TakeHead());
    }

    [Fact]
    public void A_grpc_call_that_is_denied_gets_a_status_of_its_own_protocol()
    {
        using var fixture = PolicyText.Before(PolicyText.Native("authorization: { deny: [{ name: closed, any: true }] }"));
        var asked = fixture.ConnectHttp2().Ask("POST", "/pkg.Service/Method", fields: [("content-type", "application/grpc"), ("te", "trailers")]);
        Assert.Equal(200, asked.Status);
        Assert.Contains("grpc-status: 7", Http2Call.Text(asked.Response.Fields));
        Assert.Contains("closed", Http2Call.Text(asked.Response.Fields));
    }

    [Fact]
    public void Whoever_is_not_beside_us_learns_no_rule()
    {
        // The listener believes a PROXY header here, which makes the client one from outside.
        using var fixture = new ProxyFixture(
            route: route => route with { Filters = PolicyText.Native("authorization: { deny: [{ name: secret-rule, any: true }] }") },
            listener: listener => listener with { ProxyHeader = new() { From = [new(System.Net.IPAddress.Loopback, 32)] } });
        var answer = fixture.Request("PROXY TCP4 203.0.113.9 127.0.0.1 4000 15000\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n").Received;
        Assert.StartsWith("HTTP/1.1 403 ", answer);
        Assert.DoesNotContain("secret-rule", answer);
        Assert.DoesNotContain("pillion.yaml", answer);
        Assert.Contains("secret-rule", fixture.Log[0]);
    }

    [Fact]
    public void A_header_that_imitates_one_that_a_rule_reads_is_refused()
    {
        using var fixture = PolicyText.Before(PolicyText.Native("authorization: { deny: [{ headers: { x-blocked: { present: true } } }] }"));
        Assert.Equal("400", fixture.StatusOfGet("/", "X_Blocked: 1\r\n"));
        Assert.Equal("403", fixture.StatusOfGet("/", "X-Blocked: 1\r\n"));
    }

    [Fact]
    public void What_no_route_matches_is_judged_as_well()
    {
        var filters = PolicyText.Native("authorization: { deny: [{ any: true }] }");
        using var fixture = new ProxyFixture(http: http => http with { Filters = filters, Routes = http.Routes with { VirtualHosts = [http.Routes.VirtualHosts[0] with { Domains = ["known"] }] } });
        Assert.Equal("403", fixture.StatusOfGet());
    }

    private static double Count(ProxyFixture fixture, string metric, string word) =>
        fixture.Metrics.Collect().Where(family => family.Name == metric).SelectMany(family => family.Series).Where(series => series.Owner == "in.authorization" && series.LabelValue == word).Sum(series => series.Value);
}
