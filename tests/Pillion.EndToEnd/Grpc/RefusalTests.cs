using System.Net;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using Grpc.Core;
using Grpc.Net.Client;
using Pillion.EndToEnd.Grpc.Protocol;
using Pillion.EndToEnd.Support;
using Xunit;

namespace Pillion.EndToEnd.Grpc;

/// <summary>What the sidecar itself refuses reaches a gRPC client as a gRPC status; what it may try again, it does.</summary>
public sealed class RefusalTests : IAsyncLifetime
{
    private GrpcApp _server = null!;

    public async ValueTask InitializeAsync() => _server = await GrpcApp.StartAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task Nobody_behind_it_is_UNAVAILABLE()
    {
        var port = Ports.Next();
        await using var sidecar = await Sidecar.StartAsync(new EnvoyFile().Http(port, "gone").Cluster("gone", Ports.Next(), http2: true).Options());
        using var channel = Open(port);
        var failure = await Assert.ThrowsAsync<RpcException>(() => new Echo.EchoClient(channel).UnaryAsync(new EchoRequest(), deadline: Deadline).ResponseAsync);
        Assert.Equal(StatusCode.Unavailable, failure.StatusCode);
        Assert.Contains("refused", failure.Status.Detail);
        using var stream = new Echo.EchoClient(channel).Chat(deadline: Deadline);
        failure = await Assert.ThrowsAsync<RpcException>(() => stream.ResponseStream.MoveNext());
        Assert.Equal(StatusCode.Unavailable, failure.StatusCode);
    }

    [Fact]
    public async Task No_route_is_UNIMPLEMENTED()
    {
        var port = Ports.Next();
        var file = new EnvoyFile().Http(port, "app").Cluster("app", _server.App.Http2, http2: true).ToString().Replace("\"prefix\":\"/\"", "\"prefix\":\"/elsewhere\"");
        await using var sidecar = await Sidecar.StartAsync(new SidecarOptions { FileName = "envoy.json", Config = file });
        using var channel = Open(port);
        var failure = await Assert.ThrowsAsync<RpcException>(() => new Echo.EchoClient(channel).UnaryAsync(new EchoRequest(), deadline: Deadline).ResponseAsync);
        Assert.Equal(StatusCode.Unimplemented, failure.StatusCode);
    }

    [Fact]
    public async Task The_clients_deadline_bounds_ours_and_is_DEADLINE_EXCEEDED()
    {
        var port = Ports.Next();
        await using var sidecar = await Sidecar.StartAsync(new EnvoyFile()
            .Http(port, "app", route: new JsonObject { ["max_stream_duration"] = new JsonObject { ["grpc_timeout_header_max"] = "0s" } })
            .Cluster("app", _server.App.Http2, http2: true)
            .Options());

        // A client that says its deadline and then forgets about it: the answer is the sidecar's.
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = Eventually.Limit };
        using var request = new HttpRequestMessage(HttpMethod.Post, $"http://127.0.0.1:{port}/pillion.echo.Echo/Unary")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent([0, 0, 0, 0, 2, 0x38, 1]),
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        request.Headers.TE.Add(new("trailers"));
        request.Headers.Add("grpc-timeout", "300m");
        using var response = await http.SendAsync(request);
        await response.Content.ReadAsByteArrayAsync();
        var status = response.Headers.Concat(response.TrailingHeaders).Single(static field => field.Key == "grpc-status").Value.Single();
        Assert.Equal((HttpStatusCode.OK, $"{(int)StatusCode.DeadlineExceeded}"), (response.StatusCode, status));
    }

    [Fact]
    public async Task A_plain_upstream_error_is_a_status_too_and_an_HTTP_client_gets_HTTP()
    {
        var port = Ports.Next();
        await using var sidecar = await Sidecar.StartAsync(new EnvoyFile().Http(port, "gone").Cluster("gone", Ports.Next(), http2: true).Options());
        Assert.Equal(503, (await Curl.GetAsync("--http2-prior-knowledge", $"http://127.0.0.1:{port}/")).Status);
    }

    [Theory]
    [InlineData(StatusCode.Unavailable, "unavailable", true)]
    [InlineData(StatusCode.ResourceExhausted, "resource-exhausted", true)]
    [InlineData(StatusCode.Cancelled, "cancelled", true)]
    [InlineData(StatusCode.DeadlineExceeded, "deadline-exceeded", true)]
    [InlineData(StatusCode.Internal, "internal", true)]
    [InlineData(StatusCode.Unavailable, "resource-exhausted,internal", false)]
    [InlineData(StatusCode.InvalidArgument, "unavailable,internal", false)]
    public async Task A_status_is_retried_where_the_route_says_so(StatusCode code, string on, bool retried)
    {
        var port = Ports.Next();
        await using var sidecar = await Sidecar.StartAsync(new EnvoyFile()
            .Http(port, "app", route: new JsonObject
            {
                ["retry_policy"] = new JsonObject { ["retry_on"] = on, ["num_retries"] = 3, ["retry_back_off"] = new JsonObject { ["base_interval"] = "0.001s", ["max_interval"] = "0.002s" } },
            })
            .Cluster("app", _server.App.Http2, http2: true)
            .Options());
        using var channel = Open(port);
        var client = new Echo.EchoClient(channel);
        _server.Service.Failures = 2;
        var request = new EchoRequest { Text = $"retry {Guid.NewGuid()}", FailCode = (int)code, FailMessage = "not yet" };
        if (retried)
        {
            Assert.Equal(request.Text, (await client.UnaryAsync(request, deadline: Deadline)).Text);
            Assert.Equal(3, _server.Service.Attempts(request.Text));
        }
        else
        {
            var failure = await Assert.ThrowsAsync<RpcException>(() => client.UnaryAsync(request, deadline: Deadline).ResponseAsync);
            Assert.Equal((code, "not yet"), (failure.StatusCode, failure.Status.Detail));
            Assert.Equal(1, _server.Service.Attempts(request.Text));
        }
    }

    [Fact]
    public async Task Health_checks_by_grpc_take_an_endpoint_out_and_back_in()
    {
        await using var other = await GrpcApp.StartAsync();
        var port = Ports.Next();
        await using var sidecar = await Sidecar.StartAsync(new EnvoyFile()
            .Http(port, "app")
            .Cluster("app", [_server.App.Http2, other.App.Http2], http2: true, more: new JsonObject
            {
                ["lb_policy"] = "ROUND_ROBIN",
                ["health_checks"] = new JsonArray(new JsonObject
                {
                    ["timeout"] = "1s",
                    ["interval"] = "0.1s",
                    ["unhealthy_threshold"] = 1,
                    ["healthy_threshold"] = 1,
                    ["grpc_health_check"] = new JsonObject { ["service_name"] = "echo" },
                }),
            })
            .Options("--concurrency", "1"));
        using var channel = Open(port);
        var client = new Echo.EchoClient(channel);
        var serving = global::Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus.Serving;
        _server.Health.SetStatus("echo", serving);
        other.Health.SetStatus("echo", serving);
        await ReachesAsync(client, 2);
        other.Health.SetStatus("echo", global::Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus.NotServing);
        await ReachesAsync(client, 1);
        other.Health.SetStatus("echo", serving);
        await ReachesAsync(client, 2);

        async Task ReachesAsync(Echo.EchoClient echo, int servers) => await Eventually.IsTrue(
            async () =>
            {
                var name = $"{Guid.NewGuid()}";
                for (var i = 0; i < 10; i++)
                {
                    try
                    {
                        await echo.UnaryAsync(new EchoRequest { Text = name }, deadline: Deadline);
                    }
                    catch (RpcException)
                    {
                        return false;
                    }
                }

                return new[] { _server, other }.Count(server => server.Service.Attempts(name) > 0) == servers;
            },
            $"the calls to reach {servers}");
    }

    private static DateTime Deadline => DateTime.UtcNow + Eventually.Limit;

    private static GrpcChannel Open(int port) => GrpcChannel.ForAddress($"http://127.0.0.1:{port}", new GrpcChannelOptions { HttpHandler = new SocketsHttpHandler { UseProxy = false }, DisposeHttpClient = true });
}
