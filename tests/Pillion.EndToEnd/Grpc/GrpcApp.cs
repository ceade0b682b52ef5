using Grpc.HealthCheck;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Pillion.EndToEnd.Support;

namespace Pillion.EndToEnd.Grpc;

/// <summary>A gRPC server on Kestrel inside the test process, with grpc.health.v1 beside it.</summary>
internal sealed class GrpcApp : IAsyncDisposable
{
    private GrpcApp(KestrelApp app, EchoService service, HealthServiceImpl health)
    {
        App = app;
        Service = service;
        Health = health;
    }

    public KestrelApp App { get; }

    public EchoService Service { get; }

    public HealthServiceImpl Health { get; }

    public static async Task<GrpcApp> StartAsync(Credential? own = null, CertificateAuthority? trusted = null)
    {
        var service = new EchoService();
        var health = new HealthServiceImpl();
        health.SetStatus("", global::Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus.Serving);
        var app = await KestrelApp.StartAsync(
            own,
            trusted,
            services =>
            {
                services.AddGrpc(static options =>
                {
                    options.MaxReceiveMessageSize = null;
                    options.MaxSendMessageSize = null;
                });
                services.AddSingleton(service).AddSingleton(health);
            },
            static web =>
            {
                web.MapGrpcService<EchoService>();
                web.MapGrpcService<HealthServiceImpl>();
            });
        return new GrpcApp(app, service, health);
    }

    public ValueTask DisposeAsync() => App.DisposeAsync();
}
