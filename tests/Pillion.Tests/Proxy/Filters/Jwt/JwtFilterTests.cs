using Pillion.Core.Configuration;
using Pillion.Core.Identity.Secrets;
using Pillion.Core.Signals;
using Pillion.Proxy.Filters.Jwt;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Proxy.Filters.Jwt;

public sealed class JwtFilterTests
{
    private static readonly SourceLine Line = new("p.yaml", 9, 7, "inbound.jwt.providers.corp");

    public static TheoryData<string> Algorithms => ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"];

    /// <summary>Each bad token, the word of its verdict, and what is said of it.</summary>
    public static TheoryData<string, string, string> Bad => new()
    {
        { "nothing", "malformed", "it is not three parts" },
        { "a.b", "malformed", "it is not three parts" },
        { "a.b.c.d", "malformed", "it is not three parts" },
        { "..", "malformed", "it is not three parts" },
        { "a+b=.e30.e30", "malformed", "a part of it is not base64url" },
        { "e30.e30.e30", "malformed", "its header is not one of a token" },
        { $"{Issuer.Encode("not json")}.e30.e30", "malformed", "its header is not one of a token" },
        { $"{Issuer.Encode("""{"alg":"RS256","alg":"none"}""")}.e30.e30", "malformed", "its header is not one of a token" },
        { $"{Issuer.Encode("""{"alg":"RS256","kid":"rsa","crit":["b64"],"b64":false}""")}.e30.e30", "malformed", "extensions that are not understood" },
        { $"{Issuer.Encode("""{"alg":"none"}""")}.{Issuer.Encode("{}")}.", "unsupported_algorithm", "its algorithm is 'none'" },
        { $"{Issuer.Encode("""{"alg":"none"}""")}.{Issuer.Encode("{}")}.e30", "unsupported_algorithm", "its algorithm is 'none'" },
        { $"{Issuer.Encode("""{"alg":"HS256","kid":"rsa"}""")}.{Issuer.Encode("{}")}.e30", "unsupported_algorithm", "its algorithm is 'HS256'" },
        { $"{Issuer.Encode("""{"alg":"rs256","kid":"rsa"}""")}.{Issuer.Encode("{}")}.e30", "unsupported_algorithm", "its algorithm is 'rs256'" },
        { Issuer.Raw("""{"alg":"RS256","kid":"rsa"}""", """["iss"]"""), "malformed", "its payload is not a map of claims" },
        { Issuer.Raw("""{"alg":"RS256","kid":"rsa"}""", """{"iss":"https://issuer.example","exp":4102444800,"exp":1}"""), "malformed", "its payload is not a map of claims" },
        { Issuer.Raw("""{"alg":"RS256","kid":"rsa"}""", """{"iss":"https://issuer.example","exp":"tomorrow"}"""), "malformed", "its payload is not a map of claims" },
        { Issuer.Raw("""{"alg":"RS256","kid":"rsa"}""", """{"sub":"x"}"""), "wrong_issuer", "it names no issuer" },
        { Issuer.Token(change: claims => claims["iss"] = "https://other.example"), "wrong_issuer", "its issuer is 'https://other.example'" },
        { Issuer.Token(keyId: "gone"), "unknown_key", "its key id 'gone' is not one of the issuer's" },
        { Issuer.Token("ES256", keyId: "rsa"), "unknown_key", "its key id 'rsa' is not one of the issuer's for its algorithm" },
        { Tampered(Issuer.Token()), "bad_signature", "its signature is not right" },
        { Issuer.Token(change: claims => claims["exp"] = (Issuer.Now - TimeSpan.FromMinutes(3)).ToUnixTimeSeconds()), "expired", "it expired 3 min ago" },
        { Issuer.Token(change: claims => claims.Remove("exp")), "lives_too_long", "it says no end" },
        { Issuer.Token(change: claims => claims["exp"] = 4102444800L), "lives_too_long", "longer than is taken" },
        { Issuer.Token(change: claims => claims["nbf"] = (Issuer.Now + TimeSpan.FromMinutes(2)).ToUnixTimeSeconds()), "not_yet_valid", "it is not good before 2 min from now" },
        { Issuer.Token(change: claims => claims["aud"] = "billing"), "wrong_audience", "it is for 'billing'" },
        { Issuer.Token(change: claims => claims.Remove("aud")), "wrong_audience", "it does not say whom it is for" },
    };

    [Theory]
    [MemberData(nameof(Algorithms))]
    public void A_token_of_each_algorithm_passes_and_is_taken_out(string algorithm)
    {
        using var fixture = With(Provider);
        var client = Ask(fixture, Issuer.Token(algorithm));
        Assert.StartsWith("HTTP/1.1 200 ", client.Received);
        Assert.DoesNotContain("uthorization", fixture.Upstream.Requests[0]);
        Assert.Equal(new Verdict("jwt", "allowed", default), fixture.Record.Verdicts[0]);
        Assert.Contains(fixture.Metrics.Collect(), family => family.Series.Any(series => series is { Owner: "in.jwt", LabelValue: "corp", Value: 1 }));
    }

    [Fact]
    public void So_does_one_of_Ed25519()
    {
        using var fixture = With(Provider with { MaxLifetime = default });
        Assert.StartsWith("HTTP/1.1 200 ", Ask(fixture, Issuer.Ed25519Token).Received);
        Assert.StartsWith("HTTP/1.1 401 ", Ask(fixture, Tampered(Issuer.Ed25519Token)).Received);
    }

    [Theory]
    [MemberData(nameof(Bad))]
    public void A_bad_token_is_refused_with_the_reason_and_never_shown(string token, string word, string reason)
    {
        using var fixture = With(Provider);
        var client = Ask(fixture, token);
        Assert.StartsWith("HTTP/1.1 401 ", client.Received);
        Assert.Contains("WWW-Authenticate: Bearer realm=\"http://a/x\", error=\"invalid_token\"\r\n", client.Received);
        Assert.Contains(reason, client.Received);
        Assert.Contains("p.yaml:9", client.Received);
        Assert.Equal(word, fixture.Record.Verdicts[0].Outcome);
        Assert.Equal(ResponseFlags.UAEX, fixture.Record.Flags);
        Assert.Empty(fixture.Upstream.Connections);
        Assert.All([client.Received, .. fixture.Log], text => Assert.DoesNotContain(token.Length > 20 ? token : "\n\n", text));
    }

    [Fact]
    public void Without_a_token_the_answer_says_how_to_ask_and_names_no_error()
    {
        using var fixture = With(Provider);
        var client = fixture.Get("/x?y");
        Assert.StartsWith("HTTP/1.1 401 ", client.Received);
        Assert.Contains("WWW-Authenticate: Bearer realm=\"http://a/x\"\r\n", client.Received);
        Assert.Contains("there is no token in the request", client.Received);
        Assert.Equal("missing", fixture.Record.Verdicts[0].Outcome);
    }

    [Fact]
    public void Clocks_may_differ_by_a_minute_and_no_more()
    {
        using var fixture = With(Provider);
        var token = Issuer.Token(change: claims => claims["exp"] = (Issuer.Now - TimeSpan.FromSeconds(50)).ToUnixTimeSeconds());
        Assert.StartsWith("HTTP/1.1 200 ", Ask(fixture, token).Received);
        fixture.AdvanceSeconds(11);

        // It was remembered as good; that it ends is asked each time.
        Assert.StartsWith("HTTP/1.1 401 ", Ask(fixture, token).Received);
    }

    [Theory]
    [InlineData("bearer TOKEN", 200)]
    [InlineData("Bearer   TOKEN", 200)]
    [InlineData("BearerTOKEN", 401)]
    [InlineData("Basic TOKEN", 401)]
    public void The_scheme_is_a_word_of_its_own_in_whatever_case(string value, int status)
    {
        using var fixture = With(Provider);
        var client = fixture.Request($"GET /x HTTP/1.1\r\nHost: a\r\nAuthorization: {value.Replace("TOKEN", Issuer.Token())}\r\n\r\n");
        Assert.StartsWith($"HTTP/1.1 {status} ", client.Received);
    }

    [Theory]
    [InlineData("/x?access_token=TOKEN", "/x")]
    [InlineData("/x?a=1&access_token=TOKEN", "/x?a=1")]
    [InlineData("/x?access_token=TOKEN&b=2", "/x?b=2")]
    [InlineData("/x?a=1&access_token=TOKEN&b=2", "/x?a=1&b=2")]
    public void A_token_in_the_query_is_taken_out_and_hidden_in_the_log(string target, string sent)
    {
        using var fixture = With(Provider);
        var token = Issuer.Token();
        Assert.StartsWith("HTTP/1.1 200 ", fixture.Get(target.Replace("TOKEN", token)).Received);
        Assert.StartsWith($"GET {sent} HTTP/1.1\r\n", fixture.Upstream.Requests[0]);
        Assert.DoesNotContain(token, string.Join('\n', fixture.Log));
        

        // What stood behind the token was cut off with it.
        Assert.StartsWith(fixture.Record.Target.ToString(), target.Replace("TOKEN", "-"));
        Assert.EndsWith("access_token=-", fixture.Record.Target.ToString());
    }

    [Theory]
    [InlineData("session=TOKEN", null)]
    [InlineData("a=1; session=TOKEN", "Cookie: a=1\r\n")]
    [InlineData("session=TOKEN; b=2", "Cookie: b=2\r\n")]
    [InlineData("a=1; session=TOKEN; b=2", "Cookie: a=1; b=2\r\n")]
    public void A_token_in_a_cookie_is_taken_out(string cookies, string? sent)
    {
        using var fixture = With(Provider with { FromCookies = ["session"] });
        Assert.StartsWith("HTTP/1.1 200 ", fixture.Request($"GET /x HTTP/1.1\r\nHost: a\r\nCookie: {cookies.Replace("TOKEN", Issuer.Token())}\r\n\r\n").Received);
        Assert.Equal(sent is not null, fixture.Upstream.Requests[0].Contains(sent ?? "Cookie", StringComparison.Ordinal));
    }

    [Fact]
    public void A_second_token_that_is_no_good_is_refused_too()
    {
        using var fixture = With(Provider);
        var client = fixture.Request($"GET /x?access_token={Tampered(Issuer.Token())} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {Issuer.Token()}\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 401 ", client.Received);
    }

    [Fact]
    public void The_upstream_is_told_claims_and_nobody_else_can_write_them()
    {
        using var fixture = With(Provider with
        {
            Forward = true,
            PayloadHeader = "x-payload",
            PadsPayload = true,
            ClaimHeaders = [new("x-user", "sub"), new("x-roles", "realm.roles"), new("x-admin", "admin"), new("x-bad", "bad"), new("x-none", "none")],
        });
        var token = Issuer.Token(change: claims =>
        {
            claims["realm"] = new Dictionary<string, object> { ["roles"] = new[] { "reader", "writer" } };
            claims["admin"] = true;
            claims["bad"] = "a\r\nx-injected: 1";
        });
        Ask(fixture, token, "x-user: root\r\nX-Payload: none\r\nx-none: me\r\n");
        var seen = fixture.Upstream.Requests[0];
        Assert.Contains("x-user: someone\r\nx-roles: reader,writer\r\nx-admin: true\r\nx-payload: ", seen);
        Assert.Contains("Authorization: Bearer ", seen);
        Assert.All(["root", "X-Payload: none", "x-none", "x-bad", "x-injected"], text => Assert.DoesNotContain(text, seen));

        var alias = fixture.Request($"GET /x HTTP/1.1\r\nHost: a\r\nx_user: root\r\nAuthorization: Bearer {token}\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 400 ", alias.Received);
    }

    [Theory]
    [InlineData(false, false, 401, 401)]
    [InlineData(true, false, 200, 401)]
    [InlineData(false, true, 401, 200)]
    [InlineData(true, true, 200, 200)]
    public void What_is_missing_and_what_has_failed_may_be_allowed_each_for_itself(bool missing, bool failed, int withoutStatus, int badStatus)
    {
        var kind = missing && failed ? JwtRequirementKind.AllowMissingOrFailed : missing ? JwtRequirementKind.AllowMissing : failed ? JwtRequirementKind.AllowFailed : (JwtRequirementKind?)null;
        var requirement = kind is null ? One("corp") : new JwtRequirement(JwtRequirementKind.Any) { Of = [One("corp"), new(kind.Value)] };
        using var fixture = With(Provider, config => config with { Requirement = requirement, StripsBadTokens = true });
        Assert.StartsWith($"HTTP/1.1 {withoutStatus} ", fixture.Get().Received);
        Assert.StartsWith($"HTTP/1.1 {badStatus} ", Ask(fixture, Tampered(Issuer.Token())).Received);
        Assert.All(fixture.Upstream.Requests, request => Assert.DoesNotContain("uthorization", request));
        Assert.StartsWith("HTTP/1.1 200 ", Ask(fixture, Issuer.Token()).Received);
    }

    [Fact]
    public void One_of_several_is_enough_where_any_is_and_none_may_lack_where_all_are()
    {
        var other = Provider with { Name = "other", Issuer = "https://other.example", FromHeaders = [new("X-Other", "")], FromParams = [] };
        using (var any = With([Provider, other], config => config with { Requirement = new(JwtRequirementKind.Any) { Of = [One("corp"), One("other")] } }))
        {
            Assert.StartsWith("HTTP/1.1 200 ", Ask(any, Issuer.Token()).Received);
            Assert.StartsWith("HTTP/1.1 200 ", any.Request($"GET / HTTP/1.1\r\nHost: a\r\nX-Other: {Other()}\r\n\r\n").Received);
        }

        using var all = With([Provider, other], config => config with { Requirement = new(JwtRequirementKind.All) { Of = [One("corp"), One("other")] } });
        Assert.StartsWith("HTTP/1.1 401 ", Ask(all, Issuer.Token()).Received);
        Assert.StartsWith("HTTP/1.1 200 ", Ask(all, Issuer.Token(), $"X-Other: {Other()}\r\n").Received);

        static string Other() => Issuer.Token(change: claims => claims["iss"] = "https://other.example");
    }

    [Fact]
    public void A_requirement_may_ask_for_another_audience()
    {
        using var fixture = With(Provider, config => config with { Requirement = One("corp") with { Audiences = ["billing"] } });
        Assert.StartsWith("HTTP/1.1 401 ", Ask(fixture, Issuer.Token()).Received);
        Assert.StartsWith("HTTP/1.1 200 ", Ask(fixture, Issuer.Token(change: claims => claims["aud"] = new[] { "x", "billing" })).Received);
    }

    [Fact]
    public void A_call_gets_the_status_of_its_own_protocol()
    {
        using var fixture = With(Provider);
        var asked = fixture.ConnectHttp2().Ask("POST", "/service/Method", "message", fields: [("content-type", "application/grpc")]);
        Assert.Equal(200, asked.Status);
        Assert.Contains("grpc-status: 16\n", asked.Fields);
    }

    [Fact]
    public void A_file_that_is_no_set_of_keys_is_refused_before_it_runs()
    {
        using var fixture = With(Provider);
        var mistakes = fixture.Reload(ProxyFixture.Make(route: route => route with { Filters = [Config([Provider with { KeyFile = SecretPart.Inline("""{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}""") }])] }));
        Assert.Contains("is no set of keys: none of its keys can be used: key 1 cannot be used: it is a shared secret", Assert.Single(mistakes));
    }

    [Fact]
    public void Garbage_for_a_token_is_never_more_than_a_refusal()
    {
        using var fixture = With(Provider);
        var random = new Random(7);
        var good = Issuer.Token().ToCharArray();
        for (var i = 0; i < 400; i++)
        {
            var token = (char[])good.Clone();
            for (var changes = random.Next(1, 6); changes > 0; changes--)
            {
                token[random.Next(token.Length)] = (char)random.Next(0x21, 0x7f);
            }

            var text = new string(token, 0, random.Next(4) == 0 ? random.Next(1, token.Length) : token.Length);
            if (text != new string(good))
            {
                Assert.StartsWith("HTTP/1.1 401 ", Ask(fixture, text).Received);
            }
        }
    }

    internal static JwtProviderConfig Provider { get; } = new()
    {
        Name = "corp",
        Issuer = Issuer.Name,
        Audiences = ["orders"],
        KeyFile = SecretPart.Inline(Issuer.Keys()),
        MaxLifetime = TimeSpan.FromDays(30),
        Source = Line,
    };

    internal static JwtConfig Config(ValueList<JwtProviderConfig> providers) =>
        new() { Providers = new JwtProvidersConfig { Providers = providers, Source = Line }, Requirement = One(providers[0].Name), Source = Line };

    internal static ProxyFixture With(JwtProviderConfig provider, Func<JwtConfig, JwtConfig>? change = null) => With([provider], change);

    internal static ProxyFixture With(ValueList<JwtProviderConfig> providers, Func<JwtConfig, JwtConfig>? change = null)
    {
        var config = Config(providers);
        var fixture = new ProxyFixture(route: route => route with { Filters = [change?.Invoke(config) ?? config] });
        fixture.Upstream.Answer = _ => "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
        return fixture;
    }

    internal static RawPeer Ask(ProxyFixture fixture, string token, string fields = "") =>
        fixture.Request($"GET /x HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n{fields}\r\n");

    internal static string Tampered(string token) => token[..^8] + (token[^8] == 'A' ? 'B' : 'A') + token[^7..];

    private static JwtRequirement One(string provider) => new(JwtRequirementKind.Provider) { Provider = provider };
}
