using Pillion.Proxy.Configuration;
using Pillion.Tests.ArchitectureTests;
using Pillion.Tests.Configuration;
using Xunit;

namespace Pillion.Tests.Proxy.Configuration;

/// <summary>What files say of retries, splits and mirrors.</summary>
public sealed class TrafficConfigTests
{
    private const RetryOn Safe = RetryOn.ConnectFailure | RetryOn.RefusedStream;

    [Fact]
    public void A_service_announces_its_retries_yields_and_waits_as_told_unless_it_says_otherwise()
    {
        var usual = Forward("").Retry!;
        Assert.Equal((Safe, true, true, RateLimitBackOffConfig.Default, null), (usual.On, usual.Announces, usual.Yields, usual.RateLimitBackOff, usual.IdempotencyKey));

        var said = Forward("retries: { on: 503, announce: false, yield: false, retry_after: off }").Retry!;
        Assert.Equal((RetryOn.StatusCodes, false, false, null), (said.On, said.Announces, said.Yields, said.RateLimitBackOff));
    }

    [Theory]
    [InlineData("unsafe_methods: true", true, null)]
    [InlineData("unsafe_methods: false", false, null)]
    [InlineData("unsafe_methods: with_key", false, "Idempotency-Key")]
    [InlineData("unsafe_methods: with_key, idempotency_key: x-key", false, "x-key")]
    public void What_is_not_idempotent_needs_the_users_word_or_a_key(string said, bool isUnsafe, string? key)
    {
        var retry = Forward($"retries: {{ {said} }}").Retry!;
        Assert.Equal((isUnsafe, key), (retry.UnsafeMethods, retry.IdempotencyKey));
    }

    [Fact]
    public void A_route_inherits_what_it_does_not_say_anew()
    {
        var route = Forward("retries: { on: 5xx, unsafe_methods: with_key, idempotency_key: x-key, hedge: true, per_try_timeout: 1s }, routes: [ { prefix: /a, retries: { attempts: 3, on_headers: { x-again: 'yes' } } } ]", route: 0).Retry!;
        Assert.Equal((RetryOn.ServerError | RetryOn.Headers, "x-key", true, 2), (route.On, route.IdempotencyKey, route.Hedge, route.Retries));
    }

    [Fact]
    public void A_map_of_services_is_a_split_and_keeps_the_callers_of_a_header_together()
    {
        var split = Forward("routes: [ { prefix: /a, to: { pay: 3, other: 1 }, split_by: { cookie: session } } ]", route: 0).Split!;
        Assert.Equal([("pay", 3), ("other", 1)], split.Parts.Select(part => (part.Cluster, part.Weight)));
        Assert.Equal((SplitBy.Cookie, "session"), (split.By, split.ByName));
        Assert.Null(Forward("").Split);
    }

    [Fact]
    public void A_mirror_is_inherited_and_can_be_turned_off()
    {
        const string Service = "mirror: { to: other, percent: 10% }, routes: [ { prefix: /a, mirror: off }, { prefix: /b }, { prefix: /c, mirror: [other, { to: pay, mark_host: false }] } ]";
        Assert.Empty(Forward(Service, route: 0).Mirrors);
        Assert.Equal(("other", 10.0, true), Forward(Service, route: 1).Mirrors.Select(mirror => (mirror.Cluster, mirror.Percent, mirror.MarksHost)).Single());
        Assert.Equal([("other", 100.0, true), ("pay", 100.0, false)], Forward(Service, route: 2).Mirrors.Select(mirror => (mirror.Cluster, mirror.Percent, mirror.MarksHost)));
    }

    [Fact]
    public void Bytes_are_not_mirrored() =>
        Assert.Contains("services.db.mirror: is for HTTP", Given.Errors("outbound: { services: { db: { endpoints: 10.0.0.1:80, protocol: tcp, listen: '127.0.0.1:5432', mirror: pay }, pay: { endpoints: 10.0.0.1:80 } } }"));

    [Fact]
    public void Envoys_fields_mean_what_they_mean_there()
    {
        var file = Path.Combine(Repository.Root, "samples", "envoy-traffic.yaml");
        var host = Given.Config(File.ReadAllText(file), "envoy-traffic.yaml").Proxy.Listeners[0].Http!.Routes.VirtualHosts[0];
        Assert.Equal((true, true), (host.CountsAttempts, host.TellsAttempts));
        Assert.Equal(("payments_next", 5.0), host.Mirrors.Select(mirror => (mirror.Cluster, mirror.Percent)).Single());

        var charge = ((ForwardConfig)host.Routes[0].Action).Retry!;
        Assert.Equal(RetryOn.ServerError | RetryOn.RateLimited | RetryOn.Headers | RetryOn.StatusCodes, charge.On);
        Assert.Equal((true, true, false, false), (charge.Hedge, charge.UnsafeMethods, charge.Announces, charge.Yields));
        Assert.Equal((TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(0.2)), (charge.PerTryTimeout, charge.PerTryIdleTimeout));
        Assert.Equal([new("Retry-After", ResetFormat.Seconds), new ResetHeaderConfig("X-RateLimit-Reset", ResetFormat.UnixTime)], charge.RateLimitBackOff!.Headers);
        Assert.Equal((TimeSpan.FromSeconds(10), true), (charge.RateLimitBackOff.Max, charge.RateLimitBackOff.IgnoresLonger));
        Assert.Equal(("x-again", "x-tenant"), (charge.OnHeaders[0].Name, charge.OnlyIfHeaders[0].Name));

        Assert.Equal("x-cluster", ((ForwardConfig)host.Routes[1].Action).ClusterHeader);
        var split = (ForwardConfig)host.Routes[2].Action;
        Assert.Equal((SplitBy.DrawnByCaller, "x-draw"), (split.Split!.By, split.Split.ByName));
        Assert.Equal(("payments_next", 10, "payments-next.internal"), (split.Split.Parts[1].Cluster, split.Split.Parts[1].Weight, split.Split.Parts[1].HostRewrite));
        Assert.Equal(("audit", false), split.Mirrors.Select(mirror => (mirror.Cluster, mirror.MarksHost)).Single());
    }

    /// <param name="route">Of the service's own; the one behind all of them when absent.</param>
    private static ForwardConfig Forward(string service, int? route = null)
    {
        var config = Given.Config($"outbound: {{ services: {{ pay: {{ endpoints: 10.0.0.1:80{(service.Length > 0 ? ", " : "")}{service} }}, other: {{ endpoints: 10.0.0.2:80 }} }} }}\n");
        var routes = config.Proxy.Listeners[0].Http!.Routes.VirtualHosts[0].Routes;
        return (ForwardConfig)(route is { } index ? routes[index] : routes[^1]).Action;
    }
}
