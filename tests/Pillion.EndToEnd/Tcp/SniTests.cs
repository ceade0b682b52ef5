using Pillion.EndToEnd.Support;
using Xunit;

namespace Pillion.EndToEnd.Tcp;

/// <summary>TLS that is passed on without being ended, by the name it asks for.</summary>
public sealed class SniTests : IDisposable
{
    private readonly TempDirectory _files = new();

    public void Dispose() => _files.Dispose();

    [Fact]
    public async Task The_server_name_chooses_the_cluster_and_the_servers_own_certificate_comes_through()
    {
        using var authority = new CertificateAuthority(_files);
        await using var a = await KestrelApp.StartAsync(authority.Issue("a", "a.example"));
        await using var b = await KestrelApp.StartAsync(authority.Issue("b", "x.b.example"));
        var port = Ports.Next();
        await using var sidecar = await Sidecar.StartAsync(new EnvoyFile()
            .BySni(port, (["a.example"], "a", null), (["*.b.example"], "b", null))
            .Cluster("a", a.TlsPort).Cluster("b", b.TlsPort)
            .Options());
        foreach (var (name, app) in new[] { ("a.example", a), ("x.b.example", b) })
        {
            Assert.Equal((200, "HTTP/2 GET /through"), await Curl.GetAsync("--cacert", authority.BundleFile, "--resolve", $"{name}:{port}:127.0.0.1", $"https://{name}:{port}/through"));
            Assert.Equal(["GET /through"], app.Seen);
        }

        Assert.NotEqual(0, (await Curl.RunAsync("-k", "--resolve", $"c.example:{port}:127.0.0.1", $"https://c.example:{port}/")).Code);
        Assert.NotEqual(0, (await Curl.RunAsync($"http://127.0.0.1:{port}/plain")).Code);
    }

    [Fact]
    public async Task A_ClientHello_in_many_pieces_is_understood()
    {
        using var authority = new CertificateAuthority(_files);
        await using var app = await KestrelApp.StartAsync(authority.Issue("a", "a.example"));
        var port = Ports.Next();
        await using var sidecar = await Sidecar.StartAsync(new EnvoyFile().BySni(port, (["a.example"], "a", null)).Cluster("a", app.TlsPort).Options());

        // A relay of our own that cuts the client's first bytes apart.
        await using var cutter = new ByteServer(async client =>
        {
            using var onward = await RawClient.ConnectAsync(port);
            var back = Task.Run(async () =>
            {
                while (await onward.Connection.SomeAsync() is { IsEmpty: false } part)
                {
                    await ByteServer.SendAsync(client, part);
                }
            });
            var buffer = new byte[64 * 1024];
            var total = 0;
            while (await client.ReceiveAsync(buffer) is var received and > 0)
            {
                for (var i = 0; i < received;)
                {
                    var size = total < 600 ? 40 : received - i;
                    size = Math.Min(size, received - i);
                    await onward.Connection.SendAsync(buffer.AsMemory(i, size));
                    i += size;
                    total += size;
                    await Task.Delay(total < 600 ? 2 : 0);
                }
            }

            onward.Connection.Socket.Shutdown(System.Net.Sockets.SocketShutdown.Send);
            await back;
        });
        Assert.Equal((200, "HTTP/2 GET /pieces"), await Curl.GetAsync("--cacert", authority.BundleFile, "--resolve", $"a.example:{cutter.Port}:127.0.0.1", $"https://a.example:{cutter.Port}/pieces"));
    }
}
