using System.Text.Json.Nodes;
using Pillion.EndToEnd.Support;
using Xunit;

namespace Pillion.EndToEnd.Tls;

/// <summary>TLS begun by the sidecar towards Kestrel: whom it believes, and what it shows.</summary>
public sealed class OriginationTests : IAsyncLifetime
{
    private readonly TempDirectory _files = new();
    private readonly TempDirectory _elsewhere = new();
    private CertificateAuthority _authority = null!;
    private CertificateAuthority _other = null!;

    public ValueTask InitializeAsync()
    {
        _authority = new CertificateAuthority(_files);
        _other = new CertificateAuthority(_elsewhere, "other.example");
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        _authority.Dispose();
        _other.Dispose();
        _files.Dispose();
        _elsewhere.Dispose();
        return ValueTask.CompletedTask;
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_right_server_is_spoken_to(bool http2)
    {
        await using var app = await KestrelApp.StartAsync(_authority.Issue("app", "localhost"));
        var (bySpiffe, byName) = (Ports.Next(), Ports.Next());
        await using var sidecar = await Sidecar.StartAsync(new EnvoyFile()
            .Http(bySpiffe, "spiffe").Http(byName, "name")
            .Cluster("spiffe", app.TlsPort, http2, EnvoyFile.Client(_authority.BundleFile, sni: "localhost", ids: [_authority.Id("app")], alpn: Alpn(http2)))
            .Cluster("name", app.TlsPort, http2, EnvoyFile.Client(_authority.BundleFile, sni: "localhost", ids: ["localhost"], sanType: "DNS", alpn: Alpn(http2)))
            .Options());
        foreach (var port in new[] { bySpiffe, byName })
        {
            Assert.Equal((200, $"HTTP/{(http2 ? "2" : "1.1")} GET /a"), await Curl.GetAsync($"http://127.0.0.1:{port}/a"));
            var down = await Curl.RunAsync("-o", "/dev/null", "-w", "%{http_code} %{size_download}", $"http://127.0.0.1:{port}/bytes/20000000");
            Assert.Equal("200 20000000", down.Out);
        }
    }

    [Theory]
    [InlineData("expired")]
    [InlineData("another identity")]
    [InlineData("another trust domain")]
    [InlineData("self-signed")]
    [InlineData("no TLS")]
    public async Task Another_server_is_not_told_the_request(string kind)
    {
        var credential = kind switch
        {
            "expired" => _authority.Expired("app"),
            "another identity" => _authority.Issue("somebody", "localhost"),
            "another trust domain" => _other.Issue("app", "localhost"),
            "self-signed" => _authority.SelfSigned("app"),
            _ => null,
        };
        await using var app = await KestrelApp.StartAsync(credential);
        var port = Ports.Next();
        await using var sidecar = await Sidecar.StartAsync(new EnvoyFile()
            .Http(port, "app")
            .Cluster("app", credential is null ? app.Plain : app.TlsPort, tls: EnvoyFile.Client(_authority.BundleFile, sni: "localhost", ids: [_authority.Id("app")]))
            .Options());
        var result = await Curl.RunAsync("-D", "-", "-H", "Authorization: secret", $"http://127.0.0.1:{port}/secret");
        Assert.StartsWith("HTTP/1.1 503", result.Out);

        // RFC 9209 has words for it.
        Assert.Matches("(?i)proxy-status: .*error=(tls_certificate_error|tls_protocol_error|tls_alert_received|connection_terminated)", result.Out);
        Assert.Empty(app.Seen);
    }

    [Fact]
    public async Task A_server_that_asks_is_shown_our_certificate_and_one_without_it_is_refused()
    {
        await using var app = await KestrelApp.StartAsync(_authority.Issue("app", "localhost"), _authority);
        var (with, without) = (Ports.Next(), Ports.Next());
        await using var sidecar = await Sidecar.StartAsync(new EnvoyFile()
            .Http(with, "with").Http(without, "without")
            .Cluster("with", app.TlsPort, tls: EnvoyFile.Client(_authority.BundleFile, _authority.Issue("caller"), "localhost", ids: [_authority.Id("app")]))
            .Cluster("without", app.TlsPort, tls: EnvoyFile.Client(_authority.BundleFile, null, "localhost", ids: [_authority.Id("app")]))
            .Options());
        Assert.Equal((200, "HTTP/1.1 GET /a"), await Curl.GetAsync($"http://127.0.0.1:{with}/a"));
        Assert.Equal(503, (await Curl.GetAsync($"http://127.0.0.1:{without}/b")).Status);
        Assert.Equal(["GET /a"], app.Seen);
    }

    [Fact]
    public async Task A_connection_to_one_identity_serves_no_request_for_another()
    {
        // Two clusters with the same address, each with its own idea of who must be there: pools are not shared.
        await using var app = await KestrelApp.StartAsync(_authority.Issue("app", "localhost"));
        var (right, wrong) = (Ports.Next(), Ports.Next());
        await using var sidecar = await Sidecar.StartAsync(new EnvoyFile()
            .Http(right, "right").Http(wrong, "wrong")
            .Cluster("right", app.TlsPort, tls: EnvoyFile.Client(_authority.BundleFile, sni: "localhost", ids: [_authority.Id("app")]))
            .Cluster("wrong", app.TlsPort, tls: EnvoyFile.Client(_authority.BundleFile, sni: "localhost", ids: [_authority.Id("payments")]))
            .Options());
        Assert.Equal(200, (await Curl.GetAsync($"http://127.0.0.1:{right}/a")).Status);
        Assert.Equal(503, (await Curl.GetAsync($"http://127.0.0.1:{wrong}/b")).Status);
        Assert.Equal(["GET /a"], app.Seen);
    }

    private static string[] Alpn(bool http2) => http2 ? ["h2"] : ["http/1.1"];
}
