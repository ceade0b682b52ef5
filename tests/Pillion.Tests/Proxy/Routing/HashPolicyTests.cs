using Pillion.Proxy.Configuration;
using Pillion.Proxy.Configuration.Balancing;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Proxy.Routing;

/// <summary>Requests that stay with their endpoint by something they carry, through the whole proxy.</summary>
public sealed class HashPolicyTests
{
    private const int Endpoints = 5;

    [Theory]
    [InlineData("ring_hash")]
    [InlineData("maglev")]
    public void The_same_header_goes_to_the_same_endpoint_and_others_elsewhere(string balancer)
    {
        using var proxy = With(balancer, new HashPolicyConfig(HashSource.Header, "x-user"));
        var homes = Enumerable.Range(0, 40).Select(user => Home(proxy, $"x-user: user-{user}")).ToArray();
        Assert.Equal(homes, Enumerable.Range(0, 40).Select(user => Home(proxy, $"X-User: user-{user}")));
        Assert.InRange(homes.Distinct().Count(), 4, Endpoints);
    }

    [Fact]
    public void A_header_that_comes_twice_is_hashed_whole_and_in_any_order()
    {
        using var proxy = With("maglev", new HashPolicyConfig(HashSource.Header, "x-user"));
        for (var i = 0; i < 20; i++)
        {
            Assert.Equal(Home(proxy, $"x-user: a{i}\r\nx-user: b{i}"), Home(proxy, $"x-user: b{i}\r\nx-user: a{i}"));
        }

        Assert.True(Enumerable.Range(0, 20).Select(i => Home(proxy, $"x-user: same\r\nx-user: b{i}")).Distinct().Count() > 1);
    }

    [Fact]
    public void A_header_that_comes_a_hundred_times_does_no_harm()
    {
        using var proxy = With("maglev", new HashPolicyConfig(HashSource.Header, "x-u"));
        var many = string.Join("\r\n", Enumerable.Range(0, 90).Select(i => $"x-u: {i}"));
        Assert.Equal(Home(proxy, many), Home(proxy, many));
    }

    [Theory]
    [InlineData("path", "/orders/7?x=1", "/orders/7?x=2")]
    [InlineData("query", "/a?user=7&x=1", "/b?x=2&user=7")]
    [InlineData("authority", "/a", "/b")]
    public void What_is_hashed_decides_and_nothing_else(string what, string path, string same)
    {
        var policy = what switch
        {
            "path" => new HashPolicyConfig(HashSource.Path),
            "query" => new(HashSource.Query, "user"),
            _ => new HashPolicyConfig(HashSource.Header, ":authority"),
        };
        using var proxy = With("maglev", policy);
        for (var i = 0; i < 10; i++)
        {
            Assert.Equal(Home(proxy, path: path), Home(proxy, $"x-noise: {i}", same));
        }
    }

    [Fact]
    public void The_source_is_the_address_without_its_port()
    {
        using var proxy = With("maglev", new HashPolicyConfig(HashSource.Source));
        Assert.Single(Enumerable.Range(0, 20).Select(_ => Home(proxy)).Distinct());
    }

    [Fact]
    public void Without_anything_to_hash_chance_decides()
    {
        using var proxy = With("maglev", new HashPolicyConfig(HashSource.Header, "x-user"));
        Assert.Equal(Endpoints, Enumerable.Range(0, 60).Select(_ => Home(proxy)).Distinct().Count());
    }

    [Fact]
    public void Several_are_hashed_together_unless_one_is_terminal()
    {
        var (user, path) = (new HashPolicyConfig(HashSource.Header, "x-user"), new HashPolicyConfig(HashSource.Path));
        using var both = With("maglev", user, path);
        Assert.True(Enumerable.Range(0, 30).Select(i => Home(both, "x-user: a", $"/{i}")).Distinct().Count() > 1);
        using var first = With("maglev", user with { IsTerminal = true }, path);
        Assert.Single(Enumerable.Range(0, 30).Select(i => Home(first, "x-user: a", $"/{i}")).Distinct());
        Assert.True(Enumerable.Range(0, 30).Select(i => Home(first, path: $"/{i}")).Distinct().Count() > 1);
    }

    [Fact]
    public void The_same_thing_named_twice_does_not_cancel_itself_out()
    {
        var user = new HashPolicyConfig(HashSource.Header, "x-user");
        using var proxy = With("maglev", user, user);
        Assert.True(Enumerable.Range(0, 30).Select(i => Home(proxy, $"x-user: {i}")).Distinct().Count() > 2);
    }

    [Fact]
    public void A_client_without_the_cookie_is_given_one_that_leads_back()
    {
        using var proxy = With("ring_hash", new HashPolicyConfig(HashSource.Cookie, "route") { CookieTtl = TimeSpan.FromMinutes(5), CookiePath = "/shop" });
        var homes = new HashSet<string>();
        for (var i = 0; i < 30; i++)
        {
            var answer = Ask(proxy);
            var cookie = answer.Split("\r\n").Single(line => line.StartsWith("Set-Cookie: ", StringComparison.Ordinal))["Set-Cookie: ".Length..];
            Assert.Matches("^route=\"[0-9a-f]{16}\"; Max-Age=300; Path=/shop; HttpOnly$", cookie);
            var home = answer[^4..];
            homes.Add(home);
            var again = Ask(proxy, $"Cookie: a=b; {cookie.Split(';')[0]}; c=d");
            Assert.Equal(home, again[^4..]);
            Assert.DoesNotContain("Set-Cookie", again, StringComparison.Ordinal);
        }

        Assert.Equal(Endpoints, homes.Count);
    }

    [Fact]
    public void A_cookie_is_given_only_where_the_policy_has_a_time_for_it()
    {
        using var proxy = With("maglev", new HashPolicyConfig(HashSource.Cookie, "route"));
        Assert.DoesNotContain("Set-Cookie", Ask(proxy), StringComparison.Ordinal);
        Assert.Equal(Home(proxy, "Cookie: route=x"), Home(proxy, "Cookie: other=1; route=x"));
        using var session = With("maglev", new HashPolicyConfig(HashSource.Cookie, "route") { CookieTtl = TimeSpan.Zero });
        Assert.DoesNotContain("Max-Age", Ask(session), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Cookie: ;;;=;route")]
    [InlineData("Cookie: xroute=1; route2=2")]
    [InlineData("Cookie: route=")]
    [InlineData("Cookie: route=\"\"")]
    [InlineData("Cookie:")]
    public void What_is_no_such_cookie_counts_as_none(string header)
    {
        using var proxy = With("maglev", new HashPolicyConfig(HashSource.Cookie, "route") { CookieTtl = TimeSpan.Zero });
        Assert.Contains("Set-Cookie: route=", Ask(proxy, header), StringComparison.Ordinal);
    }

    [Fact]
    public void Over_http_2_cookies_in_several_fields_are_found()
    {
        using var proxy = With("maglev", new HashPolicyConfig(HashSource.Cookie, "route"));
        var home = Home(proxy, "Cookie: route=x");
        var client = proxy.ConnectHttp2();
        var asked = client.Ask(fields: [("cookie", "a=b"), ("cookie", "route=x")]);
        proxy.Drive();
        Assert.Equal(home, asked.Body);
    }

    [Fact]
    public void A_retry_goes_to_another_endpoint_the_same_for_the_same_hash()
    {
        using var proxy = With("maglev", new HashPolicyConfig(HashSource.Header, "x-user"));
        var home = Home(proxy, "x-user: a");
        var second = new HashSet<string>();
        for (var i = 0; i < 5; i++)
        {
            proxy.Role.Live.Clusters["app"].Endpoints.All.AsSpan().ToArray().Single(endpoint => endpoint.SocketAddress.ToString()!.EndsWith(home, StringComparison.Ordinal)).IsUnhealthy = true;
            proxy.Role.Live.Clusters["app"].Endpoints.HealthChanged();
            SpinWait.SpinUntil(() => proxy.Role.Live.Clusters["app"].Endpoints.Current.Count == Endpoints - 1, 10_000);
            second.Add(Home(proxy, "x-user: a"));
        }

        Assert.DoesNotContain(home, Assert.Single(second));
    }

    private static ProxyFixture With(string balancer, params HashPolicyConfig[] policies)
    {
        var proxy = new ProxyFixture(
            forward: action => action with { HashPolicies = new(policies) },
            cluster: app => app with { Balancer = balancer, Endpoints = new([.. Enumerable.Range(8080, Endpoints).Select(ProxyFixture.Endpoint)]) });
        foreach (var port in Enumerable.Range(8080, Endpoints))
        {
            var upstream = port == 8080 ? proxy.Upstream : proxy.Listen(port);
            upstream.Answer = _ => $"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n{port}";
        }

        return proxy;
    }

    private static string Home(ProxyFixture proxy, string header = "x-nothing: 1", string path = "/") => Ask(proxy, header, path)[^4..];

    private static string Ask(ProxyFixture proxy, string header = "x-nothing: 1", string path = "/")
    {
        var client = proxy.Request($"GET {path} HTTP/1.1\r\nHost: a\r\n{header}\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200 ", client.Received);
        client.Close();
        return client.Received;
    }
}
