using Pillion.Proxy.Configuration;
using Pillion.Proxy.Filters;
using Pillion.Proxy.Filters.ExternalAuthorization;
using Pillion.Proxy.Filters.GlobalRateLimits;
using Pillion.Proxy.Filters.Jwt;
using Pillion.Tests.ArchitectureTests;
using Pillion.Tests.Configuration;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Proxy.Filters;

/// <summary>What both file formats make of tokens, external authorization and rate limit services.</summary>
public sealed class CredentialKindsTests
{
    [Fact]
    public void Routes_inherit_the_providers_and_say_only_what_is_required()
    {
        var config = Sample("jwt.yaml");
        var own = Find<JwtConfig>(config, "inbound")!;
        Assert.Equal(JwtRequirementKind.Any, own.Requirement!.Kind);
        Assert.Null(Find<JwtConfig>(config, "/health"));
        var optional = Find<JwtConfig>(config, "/catalog")!;
        Assert.Same(own.Providers, optional.Providers);
        Assert.Equal([JwtRequirementKind.Any, JwtRequirementKind.AllowMissing], optional.Requirement!.Of.Select(part => part.Kind));
        var both = Find<JwtConfig>(config, "/transfers")!;
        Assert.Equal((JwtRequirementKind.All, "transfers"), (both.Requirement!.Kind, both.Requirement.Of[1].Audiences![0]));

        var login = own.Providers.Providers[0];
        Assert.Equal(("login", "login.example", "/.well-known/jwks.json", TimeSpan.FromMinutes(10)), (login.RemoteKeys!.Cluster, login.RemoteKeys.Authority, login.RemoteKeys.Path, login.RemoteKeys.Refresh));
        Assert.Equal((TimeSpan.FromSeconds(60), 100, true, false), (login.ClockSkew, login.CacheSize, login.RequireExpiry, login.Forward));
        Assert.Equal([TokenHeader.Bearer], login.FromHeaders);
        Assert.Equal(["x-user", "x-roles"], login.HeadersMade);
        Assert.EndsWith("jwt-keys.json", own.Providers.Providers[1].KeyFile!.File);
    }

    [Fact]
    public void Envoys_rules_requirements_and_route_settings_mean_what_they_mean_there()
    {
        var config = Sample("envoy-jwt.yaml");
        var everywhere = Find<JwtConfig>(config, "/")!;
        Assert.Null(everywhere.Requirement);
        Assert.Equal([null, JwtRequirementKind.Any, JwtRequirementKind.Any], everywhere.Rules.Select(rule => rule.Requirement?.Kind));
        Assert.True(everywhere.PassesPreflight);
        Assert.Null(Find<JwtConfig>(config, "/open"));
        Assert.Equal(JwtRequirementKind.All, Find<JwtConfig>(config, "/transfers")!.Requirement!.Kind);
        var (login, partner) = (everywhere.Providers.Providers[0], everywhere.Providers.Providers[1]);
        Assert.Equal((TimeSpan.FromMinutes(5), TimeSpan.FromSeconds(2), 2), (login.RemoteKeys!.Refresh, login.RemoteKeys.RetryAfter, login.RemoteKeys.Retries));
        Assert.Equal((false, true, "x-jwt-payload"), (login.RequireExpiry, login.Forward, login.PayloadHeader));
        Assert.Equal((TimeSpan.FromSeconds(10), 0, "partner"), (partner.ClockSkew, partner.FromParams.Count, partner.FromCookies[0]));
    }

    [Fact]
    public void An_Envoy_file_asks_for_tokens_route_by_route()
    {
        using var fixture = new ProxyFixture();
        fixture.Upstream.Answer = _ => "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
        var config = Sample("envoy-jwt.yaml");

        // Its own listener, with a cluster whose endpoint has an address instead of a name.
        var listener = config.Listeners[0] with { Address = new Pillion.Net.Address("127.0.0.1", 15000) };
        Assert.Empty(fixture.Reload(config with { Listeners = [listener], Clusters = [config.Clusters[0]] }));
        Assert.StartsWith("HTTP/1.1 200 ", fixture.Get("/health").Received);
        Assert.StartsWith("HTTP/1.1 200 ", fixture.Get("/open").Received);
        Assert.StartsWith("HTTP/1.1 200 ", fixture.Request("OPTIONS / HTTP/1.1\r\nHost: a\r\nOrigin: https://b\r\nAccess-Control-Request-Method: PUT\r\n\r\n").Received);
        Assert.StartsWith("HTTP/1.1 200 ", fixture.Get("/catalog").Received);
        Assert.StartsWith("HTTP/1.1 401 ", fixture.Get("/").Received);
        Assert.StartsWith("HTTP/1.1 401 ", fixture.Get("/transfers").Received);
        fixture.AdvanceSeconds(1);
    }

    [Fact]
    public void A_route_says_to_the_authorization_service_only_what_is_different()
    {
        var config = Sample("external-authorization.yaml");
        var own = Find<ExternalAuthorizationConfig>(config, "inbound")!;
        Assert.Equal(("opa", TimeSpan.FromMilliseconds(200), false, 403, 0), (own.Cluster, own.Timeout, own.FailsOpen, own.FailureStatus, own.MaxBodyBytes));
        Assert.Null(Find<ExternalAuthorizationConfig>(config, "/health"));
        var documents = Find<ExternalAuthorizationConfig>(config, "/documents")!;
        Assert.Equal(("opa", 64 * 1024, false), (documents.Cluster, documents.MaxBodyBytes, documents.AllowsPartialBody));
        Assert.Equal([new("application", "orders"), new("place", "documents")], documents.Context);
        Assert.True(Find<ExternalAuthorizationConfig>(config, "/news")!.FailsOpen);
        var reports = Find<ExternalAuthorizationConfig>(config, "reports")!;
        Assert.Equal(("/check", "login", TimeSpan.FromMilliseconds(500)), (reports.Http!.PathPrefix, reports.Cluster, reports.Timeout));

        var envoy = Sample("envoy-external-authorization.yaml");
        Assert.Null(Find<ExternalAuthorizationConfig>(envoy, "/health"));
        var checkedHere = Find<ExternalAuthorizationConfig>(envoy, "/")!;
        Assert.Equal(("authz", TimeSpan.FromMilliseconds(250), 503, 8192, true, true), (checkedHere.Cluster, checkedHere.Timeout, checkedHere.FailureStatus, checkedHere.MaxBodyBytes, checkedHere.AllowsPartialBody, checkedHere.IncludesCertificate));
        Assert.Equal([new("place", "orders")], checkedHere.Context);
        Assert.Equal("/check", Find<ExternalAuthorizationConfig>(Sample("envoy-external-authorization-http.yaml"), "/")!.Http!.PathPrefix);
    }

    [Fact]
    public void Routes_and_virtual_hosts_describe_requests_to_a_rate_limit_service()
    {
        var config = Sample("rate-limit-service.yaml");
        var own = Find<GlobalRateLimitConfig>(config, "inbound")!;
        Assert.Equal(("limits", "orders", TimeSpan.FromMilliseconds(20), false, true, 2), (own.Cluster, own.Domain, own.Timeout, own.FailsClosed, own.TellsRest, own.Actions.Count));
        Assert.Null(Find<GlobalRateLimitConfig>(config, "/health"));
        var reports = Find<GlobalRateLimitConfig>(config, "/reports")!;
        Assert.Equal((true, 503, "cost"), (reports.FailsClosed, reports.FailureStatus, reports.Actions[0].Actions[0].Key));

        var envoy = Sample("envoy-rate-limit-service.yaml");
        Assert.Equal(["cost", "tenant"], Find<GlobalRateLimitConfig>(envoy, "/reports")!.Actions.SelectMany(set => set.Actions).Select(action => action.Key));
        var included = Find<GlobalRateLimitConfig>(envoy, "/")!;
        Assert.Equal(["remote_address"], included.Actions.SelectMany(set => set.Actions).Select(action => action.Key));
        Assert.Equal((429, 8, true), (included.Status, included.GrpcStatus, included.TellsRest));
    }

    private static ProxyConfig Sample(string name) => Given.Config(File.ReadAllText(Repository.PathOf($"samples/{name}")), name).Proxy;

    private static T? Find<T>(ProxyConfig config, string route)
        where T : FilterConfig =>
        config.Listeners.SelectMany(listener => listener.AllChains).SelectMany(chain => chain.Http!.Routes.VirtualHosts).SelectMany(host => host.Routes)
            .First(one => one.Name == route).Filters.OfType<T>().FirstOrDefault();
}
