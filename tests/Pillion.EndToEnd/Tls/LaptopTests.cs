using Pillion.EndToEnd.Support;
using Xunit;

namespace Pillion.EndToEnd.Tls;

/// <summary>Mutual TLS in Pillion's own words: two sidecars with the identities of 'pillion certs init', and what each mode lets in.</summary>
public sealed class LaptopTests : IDisposable
{
    private readonly TempDirectory _files = new();

    public void Dispose() => _files.Dispose();

    [Fact]
    public async Task Two_sidecars_speak_mutual_TLS_in_two_commands()
    {
        await InitAsync("orders", "payments");
        await using var payments = TestApp.Start("payments");
        var (inbound, outbound) = (Ports.Next(), Ports.Next());
        await using var there = await Sidecar.StartAsync($$"""
            identity: {{_files["payments"]}}
            app: 127.0.0.1:{{payments.Port}}
            inbound: { address: "127.0.0.1:{{inbound}}", mtls: strict }
            outbound: off
            """);
        await using var here = await Sidecar.StartAsync($$"""
            identity: {{_files["orders"]}}
            inbound: off
            outbound:
              address: 127.0.0.1:{{outbound}}
              services:
                payments: { endpoints: ["127.0.0.1:{{inbound}}"], mtls: true }
            """);
        var (status, head) = await Curl.GetAsync("-H", "Host: payments", $"http://127.0.0.1:{outbound}/head");
        Assert.Equal(200, status);
        Assert.Contains("/sa/orders", head);

        // Who has no certificate is not let in.
        Assert.NotEqual(0, (await Curl.RunAsync($"http://127.0.0.1:{inbound}/plain")).Code);
        Assert.NotEqual(0, (await Curl.RunAsync("-k", $"https://127.0.0.1:{inbound}/anonymous")).Code);
        Assert.Equal(1, payments.Requests);
    }

    [Fact]
    public async Task Permissive_takes_both_and_counts_the_plain_ones()
    {
        await InitAsync("orders", "payments");
        await using var app = TestApp.Start("payments");
        var inbound = Ports.Next();
        await using var sidecar = await Sidecar.StartAsync($$"""
            identity: {{_files["payments"]}}
            app: 127.0.0.1:{{app.Port}}
            inbound: { address: "127.0.0.1:{{inbound}}", mtls: permissive }
            outbound: off
            """);
        Assert.Equal((200, "payments GET /plain"), await Curl.GetAsync($"http://127.0.0.1:{inbound}/plain"));
        var mutual = await Curl.GetAsync("-k", "--cert", _files["orders/cert.pem"], "--key", _files["orders/key.pem"], $"https://127.0.0.1:{inbound}/head");
        Assert.Equal(200, mutual.Status);
        Assert.Contains("/sa/orders", mutual.Body);
        Assert.Equal(1, await sidecar.MetricAsync("pillion_listener_plaintext_cx_total"));
    }

    private async Task InitAsync(params string[] workloads)
    {
        var result = await Running.ToEndAsync(Peers.Pillion, ["certs", "init", _files.Path, .. workloads]);
        Assert.True(result.Code == 0, result.ToString());
    }
}
