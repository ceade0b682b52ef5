using Xunit;

namespace Pillion.EndToEnd.Support;

/// <summary>One sidecar with an application and two services, shared by the tests of a class that change nothing about it.</summary>
public sealed class Neighbourhood : IAsyncLifetime
{
    private readonly TempDirectory _sockets = new();
    private Sidecar? _sidecar;

    internal TestApp App { get; } = TestApp.Start("orders");

    internal TestApp Payments { get; } = TestApp.Start("payments");

    internal TestApp Cache { get; private set; } = null!;

    internal int Inbound { get; } = Ports.Next();

    internal int Outbound { get; } = Ports.Next();

    internal Sidecar Sidecar => _sidecar!;

    public async ValueTask InitializeAsync()
    {
        Cache = TestApp.StartUnix("cache", _sockets["cache.sock"]);
        _sidecar = await Sidecar.StartAsync($$"""
            app: 127.0.0.1:{{App.Port}}
            inbound: { address: "127.0.0.1:{{Inbound}}" }
            outbound:
              address: 127.0.0.1:{{Outbound}}
              services:
                payments:
                  endpoints: ["127.0.0.1:{{Payments.Port}}"]
                  hosts: [payments.internal, "*.pay.example"]
                cache: { endpoints: ["unix:{{_sockets["cache.sock"]}}"] }
                nobody: { endpoints: ["127.0.0.1:{{Ports.Next()}}"] }
                slow: { endpoints: ["127.0.0.1:{{Payments.Port}}"], timeout: 300ms, retries: off }
                itself: { endpoints: ["127.0.0.1:{{Outbound}}"], retries: off }
            """);
    }

    public async ValueTask DisposeAsync()
    {
        if (_sidecar is not null)
        {
            await _sidecar.DisposeAsync();
        }

        await App.DisposeAsync();
        await Payments.DisposeAsync();
        await Cache.DisposeAsync();
        _sockets.Dispose();
    }
}
