using System.Text.Json.Nodes;
using Pillion.EndToEnd.Support;
using Xunit;

namespace Pillion.EndToEnd.Tls;

/// <summary>Who may come in over mutual TLS: one kind is right, and every other is refused, counted, named in the log, and kept from the application.</summary>
public sealed class ClientCertificateTests : IAsyncLifetime
{
    private readonly TempDirectory _files = new();
    private readonly TempDirectory _elsewhere = new();
    private readonly TestApp _app = TestApp.Start();
    private readonly int _port = Ports.Next();
    private CertificateAuthority _authority = null!;
    private CertificateAuthority _other = null!;
    private CertificateAuthority _impostor = null!;
    private Credential _good = null!;
    private Credential _revoked = null!;
    private Sidecar _sidecar = null!;

    public async ValueTask InitializeAsync()
    {
        _authority = new CertificateAuthority(_files);
        _other = new CertificateAuthority(_elsewhere, "other.example");
        _impostor = new CertificateAuthority(_elsewhere, "test.example", "impostor");
        _good = _authority.Issue("good");
        _revoked = _authority.Issue("revoked");
        _sidecar = await Sidecar.StartAsync(new EnvoyFile()
            .Http(
                _port,
                "app",
                EnvoyFile.Server(
                    _authority.Issue("app", "localhost"),
                    _authority.BundleFile,
                    revoked: _authority.RevocationList(_revoked),
                    ids: [_authority.Id("good"), _authority.Id("revoked"), _authority.Id("expired"), _authority.Id("early"), _authority.Id("self")]),
                manager: new JsonObject
                {
                    ["forward_client_cert_details"] = "SANITIZE_SET",
                    ["set_current_client_cert_details"] = new JsonObject { ["uri"] = true },
                })
            .Cluster("app", _app.Port)
            .Options());
    }

    public async ValueTask DisposeAsync()
    {
        await _sidecar.DisposeAsync();
        await _app.DisposeAsync();
        _authority.Dispose();
        _other.Dispose();
        _impostor.Dispose();
        _files.Dispose();
        _elsewhere.Dispose();
    }

    [Fact]
    public async Task The_right_identity_is_served_and_named_to_the_application_and_no_claim_of_its_own_is()
    {
        var (status, head) = await AskAsync(_good, "/head", "-H", "X-Forwarded-Client-Cert: URI=spiffe://test.example/ns/default/sa/admin");
        Assert.Equal(200, status);
        Assert.Contains($"URI={_authority.Id("good")}", head);
        Assert.DoesNotContain("sa/admin", head);
    }

    [Theory]
    [InlineData("none", "certificate")]
    [InlineData("expired", "expired")]
    [InlineData("not yet valid", "not yet valid")]
    [InlineData("another identity", "sa/somebody")]
    [InlineData("no identity", "nobody.example")]
    [InlineData("another trust domain", "other.example")]
    [InlineData("an impostor of our trust domain", "")]
    [InlineData("self-signed", "self")]
    [InlineData("revoked", "revoked")]
    public async Task Everybody_else_is_refused_with_a_metric_and_a_sentence(string kind, string inTheLog)
    {
        var credential = kind switch
        {
            "none" => null,
            "expired" => _authority.Expired("expired"),
            "not yet valid" => _authority.NotYetValid("early"),
            "another identity" => _authority.Issue("somebody"),
            "no identity" => _authority.WithoutId("nobody"),
            "another trust domain" => _other.Issue("good"),
            "an impostor of our trust domain" => _impostor.Issue("good"),
            "self-signed" => _authority.SelfSigned("self"),
            _ => _revoked,
        };
        var (refusals, requests, logged) = (await RefusalsAsync(), _app.Requests, _sidecar.Log.Length);
        var result = await CurlAsync(credential, "/must-not-arrive");
        Assert.NotEqual(0, result.Code);
        Assert.DoesNotContain("app GET", result.Out);
        await Eventually.IsTrue(async () => await RefusalsAsync() == refusals + 1, "the refusal to be counted");
        await Eventually.IsTrue(() => _sidecar.Log[logged..].Contains(inTheLog, StringComparison.OrdinalIgnoreCase) && _sidecar.Log.Length > logged, $"a sentence with '{inTheLog}' in {_sidecar.Log[logged..]}");
        Assert.Equal(requests, _app.Requests);

        // The others go on.
        Assert.Equal((200, "app GET /after"), await AskAsync(_good, "/after"));
    }

    [Fact]
    public async Task A_resumed_session_is_of_the_same_peer_and_none_is_resumed_without_one()
    {
        var session = _files["session"];
        var first = await OpenSsl.ConnectAsync(_port, "-CAfile", _authority.BundleFile, "-cert", _good.ChainFile, "-key", _good.KeyFile, "-sess_out", session);
        Assert.Contains("app GET /s_client", first.Out);
        var second = await OpenSsl.ConnectAsync(_port, "-CAfile", _authority.BundleFile, "-cert", _good.ChainFile, "-key", _good.KeyFile, "-sess_in", session);
        Assert.Contains("Reused, TLSv1.3", second.Out);
        Assert.Contains("app GET /s_client", second.Out);
    }

    private Task<double> RefusalsAsync() => _sidecar.MetricAsync("pillion_listener_tls_refusal_total");

    private async Task<(int Status, string Body)> AskAsync(Credential credential, string path, params string[] more)
    {
        var result = await CurlAsync(credential, path, [.. more, "-w", "\n%{http_code}"]);
        Assert.True(result.Code == 0, result.ToString());
        var split = result.Out.LastIndexOf('\n');
        return (int.Parse(result.Out[(split + 1)..], null), result.Out[..split]);
    }

    private Task<Result> CurlAsync(Credential? credential, string path, params string[] more) => Curl.RunAsync([
        "--cacert", _authority.BundleFile, "--resolve", $"localhost:{_port}:127.0.0.1", .. credential is null ? Array.Empty<string>() : ["--cert", credential.ChainFile, "--key", credential.KeyFile],
        .. more, $"https://localhost:{_port}{path}"]);
}
