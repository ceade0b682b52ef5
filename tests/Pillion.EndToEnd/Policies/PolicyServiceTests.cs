using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Pillion.EndToEnd.Support;
using Xunit;

namespace Pillion.EndToEnd.Policies;

/// <summary>Services on ASP.NET's gRPC, whose messages are read and written by code that protoc made; keys that a web server has.</summary>
public sealed class PolicyServiceTests : IAsyncLifetime
{
    private readonly AuthorizationServer _authorization = new();
    private readonly RateLimitServer _limits = new();
    private readonly RSA _rsa = RSA.Create(2048);
    private readonly int _port = Ports.Next();
    private KestrelApp _peer = null!;
    private Sidecar _sidecar = null!;

    public async ValueTask InitializeAsync()
    {
        var numbers = _rsa.ExportParameters(includePrivateParameters: false);
        var keys = $$"""{"keys":[{"kty":"RSA","kid":"one","alg":"RS256","use":"sig","n":"{{Base64Url.EncodeToString(numbers.Modulus)}}","e":"{{Base64Url.EncodeToString(numbers.Exponent)}}"}]}""";
        _peer = await KestrelApp.StartAsync(
            services: services =>
            {
                services.AddGrpc();
                services.AddSingleton(_authorization).AddSingleton(_limits);
            },
            map: web =>
            {
                web.MapGrpcService<AuthorizationServer>();
                web.MapGrpcService<RateLimitServer>();
                web.MapGet("/keys", () => keys);
            });
        _sidecar = await Sidecar.StartAsync($$"""
            app: 127.0.0.1:{{_peer.Plain}}
            inbound:
              address: 127.0.0.1:{{_port}}
              routes:
                - starts_with: /head/authorized
                  external_authorization: { service: policies, timeout: 5s, body: 1KiB, context: { place: here } }
                - starts_with: /head/limited
                  rate_limit_service: { service: policies, domain: shop, timeout: 5s, descriptors: [[{ key: tenant, header: x-tenant }]] }
                - starts_with: /head/token
                  jwt:
                    providers:
                      login: { issuer: me, audiences: [us], keys: { url: "http://login.example/keys", service: login }, claim_headers: { x-user: sub } }
            outbound:
              address: 127.0.0.1:{{Ports.Next()}}
              services:
                policies: { endpoints: ["127.0.0.1:{{_peer.Http2}}"], protocol: http2 }
                login: { endpoints: ["127.0.0.1:{{_peer.Plain}}"] }
            """);
    }

    public async ValueTask DisposeAsync()
    {
        await _sidecar.DisposeAsync();
        await _peer.DisposeAsync();
        _rsa.Dispose();
    }

    [Fact]
    public async Task An_authorization_service_is_told_the_request_and_decides()
    {
        var allowed = await Curl.GetAsync("-H", "x-login: anna", "-H", "x-user: root", "-d", "hello", Url("/head/authorized"));
        Assert.Equal(200, allowed.Status);
        Assert.Contains("x-user: anna", allowed.Body);
        Assert.DoesNotContain("root", allowed.Body);
        var told = _authorization.Asked.Single().Attributes;
        Assert.Equal(("POST", "/head/authorized", "hello", 5L), (told.Request.Http.Method, told.Request.Http.Path, told.Request.Http.Body, told.Request.Http.Size));
        Assert.Equal("here", told.ContextExtensions["place"]);

        var denied = await Curl.GetAsync(Url("/head/authorized"));
        Assert.Equal((401, "who are you?"), (denied.Status, denied.Body));
        Assert.Equal(1, await _sidecar.MetricAsync("pillion_filter_verdict_total", "denied"));
    }

    [Fact]
    public async Task A_rate_limit_service_counts_what_it_is_told()
    {
        var statuses = new List<int>();
        foreach (var tenant in (string[])["one", "one", "one", "one", "two"])
        {
            statuses.Add((await Curl.GetAsync("-H", $"x-tenant: {tenant}", Url("/head/limited"))).Status);
        }

        Assert.Equal([200, 200, 200, 429, 200], statuses);
    }

    [Fact]
    public async Task A_token_is_checked_with_keys_that_were_fetched()
    {
        var passed = await Curl.GetAsync("-H", $"Authorization: Bearer {Token("us")}", Url("/head/token"));
        Assert.Equal(200, passed.Status);
        Assert.Contains("x-user: anna", passed.Body);
        Assert.DoesNotContain("authorization", passed.Body);
        Assert.Equal(401, (await Curl.GetAsync("-H", $"Authorization: Bearer {Token("them")}", Url("/head/token"))).Status);
        Assert.Equal(401, (await Curl.GetAsync(Url("/head/token"))).Status);
    }

    private string Url(string path) => $"http://127.0.0.1:{_port}{path}";

    private string Token(string audience)
    {
        var signed = $"{Encode("""{"alg":"RS256","kid":"one"}""")}.{Encode($$"""{"iss":"me","sub":"anna","aud":"{{audience}}","exp":4102444800}""")}";
        return $"{signed}.{Base64Url.EncodeToString(_rsa.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1))}";
    }

    private static string Encode(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));
}
