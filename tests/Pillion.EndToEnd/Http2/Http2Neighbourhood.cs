using Pillion.EndToEnd.Support;
using Xunit;

namespace Pillion.EndToEnd.Http2;

/// <summary>One sidecar between every pair of HTTP versions, shared by the tests of a class that change nothing about it.</summary>
public sealed class Http2Neighbourhood : IAsyncLifetime
{
    private readonly TempDirectory _files = new();

    internal KestrelApp App { get; private set; } = null!;

    /// <summary>An HTTP/1.1 application that shows every byte it received.</summary>
    internal TestApp Raw { get; } = TestApp.Start("raw");

    internal Sidecar Sidecar { get; private set; } = null!;

    internal CertificateAuthority Authority { get; private set; } = null!;

    /// <summary>A port that takes HTTP/1.1 and HTTP/2 and speaks HTTP/1.1 to Kestrel.</summary>
    internal int ToHttp1 { get; } = Ports.Next();

    /// <summary>The same, HTTP/2 to Kestrel.</summary>
    internal int ToHttp2 { get; } = Ports.Next();

    /// <summary>The same, HTTP/1.1 to <see cref="Raw"/>.</summary>
    internal int ToRaw { get; } = Ports.Next();

    /// <summary>TLS with ALPN, HTTP/2 to Kestrel.</summary>
    internal int Tls { get; } = Ports.Next();

    /// <summary>HTTP/2 over TLS to Kestrel.</summary>
    internal int ToTls { get; } = Ports.Next();

    public async ValueTask InitializeAsync()
    {
        Authority = new CertificateAuthority(_files);
        App = await KestrelApp.StartAsync(Authority.Issue("app", "localhost"));
        var websocket = new System.Text.Json.Nodes.JsonObject
        {
            ["upgrade_configs"] = new System.Text.Json.Nodes.JsonArray(new System.Text.Json.Nodes.JsonObject { ["upgrade_type"] = "websocket" }),
            ["http2_protocol_options"] = new System.Text.Json.Nodes.JsonObject { ["allow_connect"] = true },
        };
        var own = Authority.Issue("sidecar", "localhost");
        Sidecar = await Sidecar.StartAsync(new EnvoyFile()
            .Http(ToHttp1, "http1", manager: websocket)
            .Http(ToHttp2, "http2", manager: websocket)
            .Http(ToRaw, "raw")
            .Http(Tls, "http2", EnvoyFile.Server(own, alpn: ["h2", "http/1.1"]), manager: websocket)
            .Http(ToTls, "tls")
            .Cluster("http1", App.Plain)
            .Cluster("http2", App.Http2, http2: true)
            .Cluster("raw", Raw.Port)
            .Cluster("tls", App.TlsPort, http2: true, EnvoyFile.Client(Authority.BundleFile, sni: "localhost", alpn: ["h2"], ids: ["localhost"], sanType: "DNS"))
            .Options());
    }

    public async ValueTask DisposeAsync()
    {
        if (Sidecar is not null)
        {
            await Sidecar.DisposeAsync();
        }

        await App.DisposeAsync();
        await Raw.DisposeAsync();
        Authority.Dispose();
        _files.Dispose();
    }
}
