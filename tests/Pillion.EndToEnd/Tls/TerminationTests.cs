using System.Net.Sockets;
using System.Text.Json.Nodes;
using Pillion.EndToEnd.Support;
using Xunit;

namespace Pillion.EndToEnd.Tls;

/// <summary>TLS ended by the sidecar, for openssl's own client and curl.</summary>
public sealed class TerminationTests : IAsyncLifetime
{
    private readonly TempDirectory _files = new();
    private readonly TestApp _app = TestApp.Start();
    private readonly int _port = Ports.Next();
    private readonly int _bySni = Ports.Next();
    private readonly int _impatient = Ports.Next();
    private CertificateAuthority _authority = null!;
    private Sidecar _sidecar = null!;

    public async ValueTask InitializeAsync()
    {
        _authority = new CertificateAuthority(_files);
        var own = _authority.Issue("app", "localhost");
        _sidecar = await Sidecar.StartAsync(new EnvoyFile()
            .Http(_port, "app", EnvoyFile.Server(own, alpn: ["h2", "http/1.1"]))
            .Http(_impatient, "app", EnvoyFile.Server(own)).WithChain(new JsonObject { ["transport_socket_connect_timeout"] = "0.5s" })
            .BySni(
                _bySni,
                (["a.example"], "app", EnvoyFile.Server(_authority.Issue("a", "a.example"))),
                (["*.b.example"], "app", EnvoyFile.Server(_authority.Issue("b", "*.b.example"))))
            .Cluster("app", _app.Port)
            .Options());
    }

    public async ValueTask DisposeAsync()
    {
        await _sidecar.DisposeAsync();
        await _app.DisposeAsync();
        _authority.Dispose();
        _files.Dispose();
    }

    [Theory]
    [InlineData("-tls1_2", "TLSv1.2")]
    [InlineData("-tls1_3", "TLSv1.3")]
    public async Task Both_versions_are_spoken_and_verified(string option, string version)
    {
        var result = await OpenSsl.ConnectAsync(_port, option, "-CAfile", _authority.BundleFile, "-verify_return_error", "-servername", "localhost");
        Assert.Contains("Verify return code: 0 (ok)", result.Out);
        Assert.Contains($"New, {version}", result.Out);
        Assert.Contains("app GET /s_client", result.Out);
    }

    [Fact]
    public async Task What_is_no_longer_safe_is_not_spoken()
    {
        foreach (var options in new[] { new[] { "-tls1_1" }, ["-tls1"], ["-tls1_2", "-cipher", "AES128-SHA"], ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA"] })
        {
            var result = await OpenSsl.ConnectAsync(_port, [.. options, "-legacy_renegotiation", "-CAfile", _authority.BundleFile]);
            Assert.DoesNotContain("app GET", result.Out);
        }

        // Nobody may make us renegotiate: s_client asks for it with a line that is an R.
        var asked = await OpenSsl.ConnectAsync(_port, "-tls1_2", "-CAfile", _authority.BundleFile);
        Assert.Contains("app GET /s_client", asked.Out);
    }

    [Theory]
    [InlineData("h2,http/1.1", "ALPN protocol: h2")]
    [InlineData("http/1.1", "ALPN protocol: http/1.1")]
    [InlineData("spdy/3,http/1.1", "ALPN protocol: http/1.1")]
    public async Task The_protocol_is_agreed_by_ALPN(string offered, string agreed)
    {
        var result = await OpenSsl.ConnectAsync(_port, "-alpn", offered, "-CAfile", _authority.BundleFile);
        Assert.Contains(agreed, result.Out);
    }

    [Theory]
    [InlineData("-tls1_2")]
    [InlineData("-tls1_3")]
    public async Task A_session_is_resumed(string option)
    {
        var saved = _files["session"];
        var first = await OpenSsl.ConnectAsync(_port, option, "-CAfile", _authority.BundleFile, "-sess_out", saved);
        Assert.Contains("New, ", first.Out);
        var second = await OpenSsl.ConnectAsync(_port, option, "-CAfile", _authority.BundleFile, "-sess_in", saved);
        Assert.Contains("Reused, ", second.Out);
        Assert.Contains("app GET /s_client", second.Out);
    }

    [Fact]
    public async Task The_certificate_is_chosen_by_server_name()
    {
        Assert.Contains("subject=CN = a", (await OpenSsl.ConnectAsync(_bySni, "-servername", "a.example", "-CAfile", _authority.BundleFile)).Out);
        Assert.Contains("subject=CN = b", (await OpenSsl.ConnectAsync(_bySni, "-servername", "x.b.example", "-CAfile", _authority.BundleFile)).Out);

        // A name that nobody has is refused, and no certificate shown.
        var none = await OpenSsl.ConnectAsync(_bySni, "-servername", "c.example", "-CAfile", _authority.BundleFile);
        Assert.Contains("no peer certificate available", none.Out);
    }

    [Fact]
    public async Task Large_bodies_go_both_ways()
    {
        await using (var file = File.Create(_files["body"]))
        {
            file.SetLength(20_000_000);
        }

        using var watch = new MemoryWatch(_sidecar.Process);
        string[] common = ["--cacert", _authority.BundleFile, "--resolve", $"localhost:{_port}:127.0.0.1", "--http1.1"];
        Assert.Equal((200, "20000000"), await Curl.GetAsync([.. common, "-T", _files["body"], $"https://localhost:{_port}/count"]));
        var down = await Curl.RunAsync([.. common, "-o", "/dev/null", "-w", "%{http_code} %{size_download}", $"https://localhost:{_port}/bytes/20000000"]);
        Assert.Equal("200 20000000", down.Out);
        Assert.InRange(watch.Highest, 1, 64 * 1024 * 1024);
    }

    [Fact]
    public async Task Plain_HTTP_on_a_TLS_port_reaches_nobody()
    {
        var before = _app.Requests;
        using var client = await RawClient.ConnectAsync(_port);
        await client.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        Assert.DoesNotContain("200", await client.RestAsync());
        Assert.Equal(before, _app.Requests);
    }

    [Fact]
    public async Task A_handshake_that_is_left_half_open_ends_in_time()
    {
        using var silent = await RawClient.ConnectAsync(_impatient);
        using var half = await RawClient.ConnectAsync(_impatient);

        // The head of a record of 512 bytes, of which the first few come.
        await half.Connection.SendAsync(new byte[] { 22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3 });
        foreach (var client in new[] { silent, half })
        {
            try
            {
                await client.RestAsync();
            }
            catch (SocketException)
            {
            }
        }

        Assert.Equal((200, "app GET /after"), await Curl.GetAsync("--cacert", _authority.BundleFile, "--resolve", $"localhost:{_impatient}:127.0.0.1", $"https://localhost:{_impatient}/after"));
    }

    [Fact]
    public async Task Garbage_instead_of_a_ClientHello_ends_and_others_are_served()
    {
        var random = new Random(11);
        for (var i = 0; i < 50; i++)
        {
            var bytes = new byte[random.Next(1, 2000)];
            random.NextBytes(bytes);
            if (i % 2 == 0)
            {
                new byte[] { 22, 3, 1, (byte)(bytes.Length >> 8), (byte)bytes.Length }.AsSpan()[..Math.Min(5, bytes.Length)].CopyTo(bytes);
            }

            using var client = await RawClient.ConnectAsync(_port);
            await client.Connection.SendAsync(bytes);
            client.Connection.Socket.Shutdown(SocketShutdown.Send);
            try
            {
                await client.RestAsync();
            }
            catch (SocketException)
            {
            }
        }

        Assert.Equal((200, "app GET /after"), await Curl.GetAsync("--cacert", _authority.BundleFile, "--resolve", $"localhost:{_port}:127.0.0.1", "--http1.1", $"https://localhost:{_port}/after"));
    }
}
