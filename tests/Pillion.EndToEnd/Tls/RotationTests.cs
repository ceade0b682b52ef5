using Pillion.EndToEnd.Support;
using Xunit;

namespace Pillion.EndToEnd.Tls;

/// <summary>Certificates that change under a running sidecar.</summary>
public sealed class RotationTests : IDisposable
{
    private readonly TempDirectory _files = new();

    public void Dispose() => _files.Dispose();

    [Fact]
    public async Task New_connections_see_the_new_certificate_old_ones_go_on_and_garbage_changes_nothing()
    {
        using var authority = new CertificateAuthority(_files);
        await using var app = TestApp.Start();
        var port = Ports.Next();
        var (first, second) = (authority.Issue("first", "localhost"), authority.Issue("second", "localhost"));
        await using var sidecar = await Sidecar.StartAsync(new EnvoyFile().Http(port, "app", EnvoyFile.Server(first)).Cluster("app", app.Port).Options());
        Assert.Equal("CN=first", await ShownAsync(port));

        using var kept = await ConnectAsync(port);
        await AskAsync(kept);
        second.Over(first);
        await Eventually.IsTrue(async () => await ShownAsync(port) == "CN=second", "the new certificate");
        await AskAsync(kept);

        // A certificate without its key, and no certificate at all: the last good one stays, and the log says why.
        var logged = sidecar.Log.Length;
        await File.WriteAllTextAsync(first.ChainFile, "this is no certificate");
        await Eventually.IsTrue(() => sidecar.Log.Length > logged, "a complaint");
        Assert.Equal("CN=second", await ShownAsync(port));
        await AskAsync(kept);

        File.Copy(authority.Issue("third", "localhost").ChainFile, first.ChainFile, overwrite: true);
        await Task.Delay(500);
        Assert.Equal("CN=second", await ShownAsync(port));
    }

    [Fact]
    public async Task A_swapped_symlink_is_a_rotation()
    {
        // As Kubernetes mounts secrets: the files are links through a link to a directory, which is replaced in one rename.
        using var authority = new CertificateAuthority(_files);
        await using var app = TestApp.Start();
        var port = Ports.Next();
        foreach (var name in new[] { "one", "two" })
        {
            var issued = authority.Issue(name, "localhost");
            Directory.CreateDirectory(_files[$"..{name}"]);
            File.Copy(issued.ChainFile, _files[$"..{name}/cert.pem"]);
            File.Copy(issued.KeyFile, _files[$"..{name}/key.pem"]);
        }

        Directory.CreateSymbolicLink(_files["..data"], "..one");
        File.CreateSymbolicLink(_files["cert.pem"], "..data/cert.pem");
        File.CreateSymbolicLink(_files["key.pem"], "..data/key.pem");
        var mounted = new Credential(_files["cert.pem"], _files["key.pem"], null!);
        await using var sidecar = await Sidecar.StartAsync(new EnvoyFile().Http(port, "app", EnvoyFile.Server(mounted)).Cluster("app", app.Port).Options());
        Assert.Equal("CN=one", await ShownAsync(port));
        Directory.CreateSymbolicLink(_files["..data.new"], "..two");
        Assert.Equal(0, (await Running.ToEndAsync("/bin/mv", ["-T", _files["..data.new"], _files["..data"]])).Code);
        await Eventually.IsTrue(async () => await ShownAsync(port) == "CN=two", "the new certificate");
    }

    private static async Task<System.Net.Security.SslStream> ConnectAsync(int port)
    {
        var client = await RawClient.ConnectAsync(port);
        var stream = new System.Net.Security.SslStream(new System.Net.Sockets.NetworkStream(client.Connection.Socket, ownsSocket: true), false, static (_, _, _, _) => true);
        await stream.AuthenticateAsClientAsync("localhost").WaitAsync(Eventually.Limit);
        return stream;
    }

    private static async Task<string> ShownAsync(int port)
    {
        using var stream = await ConnectAsync(port);
        return stream.RemoteCertificate!.Subject;
    }

    private static async Task AskAsync(System.Net.Security.SslStream stream)
    {
        await stream.WriteAsync("GET /a HTTP/1.1\r\nHost: a\r\n\r\n"u8.ToArray());
        var answer = new StreamReader(stream, leaveOpen: true);
        Assert.StartsWith("HTTP/1.1 200", await answer.ReadLineAsync().WaitAsync(Eventually.Limit));
        while (await answer.ReadLineAsync().WaitAsync(Eventually.Limit) is { Length: > 0 })
        {
        }

        var body = new char["app GET /a".Length];
        await answer.ReadBlockAsync(body).AsTask().WaitAsync(Eventually.Limit);
        Assert.Equal("app GET /a", new string(body));
    }
}
