using Pillion.Core.Configuration;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Filters.Jwt;
using Pillion.Proxy.Filters.Jwt.Keys;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Proxy.Filters.Jwt;

/// <summary>Keys at a URL: fetched ahead, renewed, replaced, missing, late and broken.</summary>
public sealed class RemoteKeysTests
{
    private static readonly RemoteKeysConfig Remote = new() { Cluster = "login", Authority = "login.example", Path = "/keys?v=1", IsHttps = true };

    [Fact]
    public void Keys_are_fetched_when_the_configuration_begins_to_run()
    {
        using var fixture = With(Remote, out var login);
        var question = login.Next();
        Assert.StartsWith("GET /keys?v=1 HTTP/1.1\r\nHost: login.example\r\n", question.TakeHead());
        Answer(question, Issuer.Keys());
        Assert.StartsWith("HTTP/1.1 200 ", JwtFilterTests.Ask(fixture, Issuer.Token()).Received);
        Assert.Single(login.Connections);
    }

    [Fact]
    public void Requests_that_come_before_the_first_keys_wait_for_them()
    {
        using var fixture = With(Remote, out var login);
        var early = JwtFilterTests.Ask(fixture, Issuer.Token());
        var left = JwtFilterTests.Ask(fixture, Issuer.Token());
        Assert.Empty(early.Received);
        left.Reset();
        Answer(login.Next(), Issuer.Keys());
        Assert.StartsWith("HTTP/1.1 200 ", early.Received);
    }

    [Fact]
    public void Or_are_refused_where_the_file_says_so()
    {
        using var fixture = With(Remote with { WaitsForFirst = false }, out var login);
        var early = JwtFilterTests.Ask(fixture, Issuer.Token());
        Assert.StartsWith("HTTP/1.1 503 ", early.Received);
        Assert.Contains("its keys have not been fetched yet", early.Received);
        Answer(login.Next(), Issuer.Keys());
    }

    [Theory]
    [InlineData("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", "it answered with HTTP status 500")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{]", "its answer is no set of keys: it is not JSON")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{\"keys\":[]}", "its answer is no set of keys: it has no keys")]
    [InlineData("garbage\r\n\r\n", "the connection ended before the answer came")]
    public void Without_keys_nothing_passes_and_the_reason_is_told(string answer, string reason)
    {
        using var fixture = With(Remote, out var login);
        var early = JwtFilterTests.Ask(fixture, Issuer.Token());
        login.Next().Send(answer);
        Assert.StartsWith("HTTP/1.1 503 ", early.Received);
        Assert.Contains(reason, early.Received);
        Assert.Equal("no_keys", fixture.Record.Verdicts[0].Outcome);
        Assert.Contains(fixture.Logger.Lines, line => line.Text.Contains(reason, StringComparison.Ordinal));
    }

    [Fact]
    public void An_issuer_that_does_not_answer_is_given_up_and_asked_again()
    {
        using var fixture = With(Remote, out var login);
        var early = JwtFilterTests.Ask(fixture, Issuer.Token());
        fixture.AdvanceSeconds(5.1);
        Assert.StartsWith("HTTP/1.1 503 ", early.Received);
        Assert.Contains("it did not answer in time", early.Received);
        fixture.AdvanceSeconds(1.5);
        Answer(login.Connections[^1], Issuer.Keys());
        Assert.StartsWith("HTTP/1.1 200 ", JwtFilterTests.Ask(fixture, Issuer.Token()).Received);
    }

    [Fact]
    public void A_key_that_is_not_known_yet_is_looked_for_once_and_not_again_soon()
    {
        using var fixture = With(Remote, out var login);
        Answer(login.Next(), Issuer.Keys());
        fixture.AdvanceSeconds(20);
        var token = Issuer.Token(keyId: "rsa-new");
        var waiting = JwtFilterTests.Ask(fixture, token);
        var too = JwtFilterTests.Ask(fixture, token);
        Assert.Empty(waiting.Received);
        Answer(login.Connections[^1], Issuer.Keys("-new"));
        Assert.StartsWith("HTTP/1.1 200 ", waiting.Received);
        Assert.StartsWith("HTTP/1.1 200 ", too.Received);

        // The old key is gone with the old set.
        var old = JwtFilterTests.Ask(fixture, Issuer.Token());
        Assert.StartsWith("HTTP/1.1 401 ", old.Received);
        for (var i = 0; i < 50; i++)
        {
            Assert.StartsWith("HTTP/1.1 401 ", JwtFilterTests.Ask(fixture, Issuer.Token(keyId: $"made-up-{i}")).Received);
        }

        Assert.Equal(2, Questions(login));
    }

    [Fact]
    public void Keys_are_renewed_and_the_last_good_ones_stay_when_that_fails()
    {
        using var fixture = With(Remote, out var login);
        Answer(login.Next(), Issuer.Keys());
        fixture.AdvanceSeconds(601);
        login.Connections[^1].Send("HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n");
        Assert.Contains(fixture.Logger.Lines, line => line.Text.Contains("the ones from before stay in use", StringComparison.Ordinal));
        Assert.StartsWith("HTTP/1.1 200 ", JwtFilterTests.Ask(fixture, Issuer.Token(change: claims => claims["exp"] = (Issuer.Now + TimeSpan.FromHours(1)).ToUnixTimeSeconds())).Received);
    }

    [Fact]
    public void A_reload_that_leaves_the_provider_as_it_is_keeps_its_keys()
    {
        using var fixture = With(Remote, out var login);
        Answer(login.Next(), Issuer.Keys());
        Assert.Empty(fixture.Reload(fixture.Config));
        Assert.StartsWith("HTTP/1.1 200 ", JwtFilterTests.Ask(fixture, Issuer.Token()).Received);
        Assert.Equal(1, Questions(login));
    }

    private static ProxyFixture With(RemoteKeysConfig remote, out ScriptedUpstream login)
    {
        var fixture = new ProxyFixture();
        fixture.Upstream.Answer = _ => "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
        login = fixture.Listen(9443);
        var jwt = JwtFilterTests.Config([JwtFilterTests.Provider with { KeyFile = null, RemoteKeys = remote }]);
        var config = ProxyFixture.Make(route: route => route with { Filters = [jwt] });
        Assert.Empty(fixture.Reload(config with { Clusters = [.. config.Clusters, new ClusterConfig { Name = "login", Endpoints = [ProxyFixture.Endpoint(9443)] }] }));
        return fixture;
    }

    private static int Questions(ScriptedUpstream login) => login.Connections.Sum(peer => peer.Received.Split("GET /keys").Length - 1);

    private static void Answer(RawPeer question, string keys) => question.Send($"HTTP/1.1 200 OK\r\nContent-Length: {keys.Length}\r\n\r\n{keys}");
}
