using System.Net;
using Pillion.Core.Resilience;
using Pillion.Net;
using Pillion.Net.InMemory;
using Pillion.Proxy.Configuration;
using Pillion.Tests.Configuration;
using Pillion.Tests.Net.Detection;
using Pillion.Tests.Proxy.Clusters.Dns;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Proxy.Filters.Egress;

/// <summary>Which hosts outside of the services may be called: by request, by tunnel, and by connections that were redirected.</summary>
public sealed class AllowedHostsTests
{
    private const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    private readonly FakeResolver _resolver = new();

    public AllowedHostsTests()
    {
        foreach (var name in (string[])["api.example", "API.example.", "www.other.example", "evil.example", "other.example", "notother.example"])
        {
            _resolver.Set(name, "127.0.0.1");
        }
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: api.example:8080\r\n\r\n", "200")]
    [InlineData("GET / HTTP/1.1\r\nHost: API.example.:8080\r\n\r\n", "200")]
    [InlineData("GET http://www.other.example:8080/ HTTP/1.1\r\nHost: www.other.example:8080\r\n\r\n", "200")]
    [InlineData("GET / HTTP/1.1\r\nHost: api.example\r\n\r\n", "403")]
    [InlineData("GET / HTTP/1.1\r\nHost: api.example:8081\r\n\r\n", "403")]
    [InlineData("GET / HTTP/1.1\r\nHost: evil.example:8080\r\n\r\n", "403")]
    [InlineData("GET / HTTP/1.1\r\nHost: other.example:8080\r\n\r\n", "403")]
    [InlineData("GET / HTTP/1.1\r\nHost: notother.example:8080\r\n\r\n", "403")]
    [InlineData("GET / HTTP/1.1\r\nHost: api.example.evil.example:8080\r\n\r\n", "403")]
    [InlineData("CONNECT api.example:8080 HTTP/1.1\r\nHost: api.example:8080\r\n\r\n", "200")]
    [InlineData("CONNECT evil.example:8080 HTTP/1.1\r\nHost: api.example:8080\r\n\r\n", "4..")]
    [InlineData("CONNECT evil.example:8080 HTTP/1.1\r\nHost: evil.example:8080\r\n\r\n", "403")]
    [InlineData("CONNECT 10.0.0.1:443 HTTP/1.1\r\nHost: 10.0.0.1:443\r\n\r\n", "403")]
    public void Only_hosts_of_the_list_are_called(string request, string status)
    {
        using var fixture = Fixture("['api.example:8080', '*.other.example']");
        var client = fixture.Connect().Send(request);
        fixture.Advance(TimeSpan.FromMilliseconds(20));
        Eventually(fixture, () => client.Received.Length > 0);
        Assert.Matches($"^HTTP/1.1 {status} ", client.Received);
        client.End();
        fixture.Advance(TimeSpan.FromMilliseconds(50));
    }

    [Fact]
    public void A_refusal_names_the_list_and_what_it_lacks()
    {
        using var fixture = Fixture("[api.example]");
        var answer = fixture.Request("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n").Received;
        Assert.Contains("allow_hosts refused the request: no entry covers 'evil.example', says pillion.yaml:1: outbound.allow_hosts", answer);
        Assert.Equal(FailureKind.Denied, fixture.Record.Failure.Kind);
        Assert.Empty(_resolver.Asked);
    }

    [Fact]
    public void An_entry_that_allows_is_told()
    {
        using var fixture = Fixture("[api.example]");
        var client = fixture.Connect().Send("GET / HTTP/1.1\r\nHost: api.example:8080\r\n\r\n");
        Eventually(fixture, () => client.Received.Length > 0);
        Assert.Equal(("allow_hosts", "allowed", "outbound.allow_hosts[0]"), (fixture.Record.Verdicts[0].Policy, fixture.Record.Verdicts[0].Outcome, fixture.Record.Verdicts[0].Source.Path));
    }

    [Fact]
    public void TLS_that_was_redirected_goes_to_the_host_that_its_hello_names_and_not_to_the_address_that_was_wanted()
    {
        using var fixture = Fixture("[api.example]", redirected: true);
        fixture.Upstream.Answer = null;
        var client = fixture.Connect().Send(Hellos.FromClient("api.example"));
        Eventually(fixture, () => fixture.Upstream.Connections.Count > 0);
        Assert.Single(fixture.Upstream.Connections);
        Assert.Equal(["api.example"], _resolver.Asked);
        client.Reset();
        fixture.Advance(TimeSpan.FromMilliseconds(20));
        Assert.Equal("allowed", fixture.Record.Verdicts[0].Outcome);
        Assert.Equal("127.0.0.1:8080", fixture.Record.UpstreamHost);
    }

    [Theory]
    [InlineData("evil.example", "no entry covers 'evil.example:8080'")]
    [InlineData(null, "it is no TLS that names a host, on the way to 203.0.113.5:8080")]
    public void Other_connections_that_were_redirected_are_ended_and_told(string? name, string cause)
    {
        using var fixture = Fixture("[api.example]", redirected: true);
        var client = fixture.Connect().Send(name is null ? "\x00\x01 not http"u8.ToArray() : Hellos.FromClient(name));
        fixture.AdvanceSeconds(6);
        Assert.True(client.IsOver);
        Assert.Empty(client.Received);
        Assert.Empty(fixture.Upstream.Connections);
        Assert.Equal((FailureKind.Denied, cause), (fixture.Record.Failure.Kind, fixture.Record.Failure.Cause));
        Assert.Equal("denied", fixture.Record.Verdicts[0].Outcome);
    }

    [Fact]
    public void HTTP_that_was_redirected_goes_to_the_host_that_it_names()
    {
        using var fixture = Fixture("[api.example]", redirected: true);
        var client = fixture.Connect().Send("GET / HTTP/1.1\r\nHost: api.example:8080\r\n\r\n");
        Eventually(fixture, () => client.Received.Length > 0);
        Assert.StartsWith("HTTP/1.1 200 ", client.Received);
        Assert.Single(fixture.Upstream.Requests);
        Assert.StartsWith("HTTP/1.1 403 ", fixture.Request("GET / HTTP/1.1\r\nHost: evil.example:8080\r\n\r\n").Received);
    }

    [Theory]
    [InlineData("allow_hosts: []", "outbound.allow_hosts: is empty; name a host, or write 'unknown_hosts: refuse' to refuse all")]
    [InlineData("allow_hosts: '*'", "'*' allows every host; remove allow_hosts")]
    [InlineData("allow_hosts: [https://api.example]", "'https://api.example' is not a host; use a.example, a.example:443, *.example:443 or an address")]
    [InlineData("allow_hosts: ['api.example:0']", "is not a host")]
    [InlineData("unknown_hosts: allow, allow_hosts: [a.example]", "outbound.unknown_hosts: 'allow' stands beside allow_hosts, which allows only some; remove one of the two")]
    public void A_mistake_says_what_would_be_right(string settings, string expected) => Assert.Contains(expected, Given.Errors($"outbound: {{ {settings} }}"));

    private ProxyFixture Fixture(string hosts, bool redirected = false)
    {
        var listener = Given.Config($"outbound: {{ allow_hosts: {hosts}, access_log: /log/access, original_destination: {(redirected ? "true" : "false")} }}").Proxy;
        var fixture = new ProxyFixture(resolver: _resolver);
        fixture.Upstream.Answer = _ => Ok;
        var outbound = listener.Listeners[0] with { Address = new Address("127.0.0.1", 15000) };
        outbound = outbound with { Chains = new([.. outbound.Chains.Select(Counted)]), DefaultChain = outbound.DefaultChain is { } rest ? Counted(rest) : null };
        Assert.Empty(fixture.Reload(new ProxyConfig { Listeners = [outbound], Clusters = new([.. listener.Clusters, .. fixture.Config.Clusters]) }));
        if (redirected)
        {
            fixture.Network.Faults = new MemoryFaults { RedirectedFrom = PeerAddress.From(new IPEndPoint(IPAddress.Parse("203.0.113.5"), 8080)) };
        }

        return fixture;
    }

    // Under the names that the fixture counts by.
    private static FilterChainConfig Counted(FilterChainConfig chain) => chain with
    {
        Http = chain.Http is { } http ? http with { StatPrefix = "in" } : null,
        Tcp = chain.Tcp is { } tcp ? tcp with { StatPrefix = "tcp" } : null,
    };

    // Names are looked up on the pool.
    private static void Eventually(ProxyFixture fixture, Func<bool> condition)
    {
        for (var i = 0; i < 5000 && !condition(); i++)
        {
            fixture.Drive();
            Thread.Yield();
        }

        fixture.Drive();
    }
}
