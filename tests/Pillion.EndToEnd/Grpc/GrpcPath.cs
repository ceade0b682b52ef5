using System.Net.Http;
using Grpc.Net.Client;
using Pillion.EndToEnd.Support;
using Xunit;

namespace Pillion.EndToEnd.Grpc;

/// <summary>A way from a gRPC client to a gRPC server, shared by the tests of a class.</summary>
public abstract class GrpcPath : IAsyncLifetime
{
    private readonly List<Sidecar> _sidecars = [];

    internal GrpcApp Server { get; private set; } = null!;

    /// <summary>Where the client calls.</summary>
    internal int Port { get; private set; }

    internal TempDirectory Files { get; } = new();

    internal IReadOnlyList<Sidecar> Sidecars => _sidecars;

    internal GrpcChannel Channel { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Server = await GrpcApp.StartAsync();
        Port = await BuildAsync();
        Channel = Open();
    }

    public async ValueTask DisposeAsync()
    {
        Channel?.Dispose();
        foreach (var sidecar in _sidecars)
        {
            await sidecar.DisposeAsync();
        }

        await Server.DisposeAsync();
        Files.Dispose();
        GC.SuppressFinalize(this);
    }

    internal GrpcChannel Open() => GrpcChannel.ForAddress($"http://127.0.0.1:{Port}", new GrpcChannelOptions
    {
        MaxReceiveMessageSize = null,
        MaxSendMessageSize = null,
        HttpHandler = new SocketsHttpHandler { UseProxy = false, EnableMultipleHttp2Connections = true },
        DisposeHttpClient = true,
    });

    /// <summary>Starts what is between, and returns the port at its near end.</summary>
    private protected abstract Task<int> BuildAsync();

    private protected async Task StartAsync(EnvoyFile file) => _sidecars.Add(await Sidecar.StartAsync(file.Options()));
}
