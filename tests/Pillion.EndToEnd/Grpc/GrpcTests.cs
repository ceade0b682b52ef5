using System.Net.Http;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Health.V1;
using Pillion.EndToEnd.Grpc.Protocol;
using Pillion.EndToEnd.Support;
using Xunit;

namespace Pillion.EndToEnd.Grpc;

/// <summary>What gRPC promises its users, by Grpc.Net.Client against Grpc.AspNetCore. One body of tests; the classes at its end name the ways between the two.</summary>
public abstract class GrpcTests(GrpcPath path)
{
    private Echo.EchoClient Client => new(path.Channel);

    private EchoService Server => path.Server.Service;

    [Fact]
    public async Task A_unary_call_is_answered()
    {
        var reply = await Client.UnaryAsync(new EchoRequest { Text = "hello" }, Soon());
        Assert.Equal("hello", reply.Text);
    }

    [Fact]
    public async Task Metadata_goes_both_ways_in_headers_and_trailers_also_in_binary()
    {
        byte[] bytes = [0, 1, 2, 253, 254, 255];
        var call = Client.UnaryAsync(
            new EchoRequest(),
            new CallOptions(new Metadata { { "echo-text", "some text" }, { "echo-text", "twice" }, { "echo-bytes-bin", bytes }, { "echo-empty-bin", [] } }, Deadline));
        var headers = await call.ResponseHeadersAsync;
        var reply = await call.ResponseAsync;
        Assert.Equal(Convert.ToBase64String(bytes), reply.Metadata["echo-bytes-bin"]);
        foreach (var (metadata, prefix) in new[] { (headers, ""), (call.GetTrailers(), "trailing-") })
        {
            // Fields of one name may come as one line or as several.
            Assert.Equal("some text,twice", string.Join(',', metadata.Where(entry => entry.Key == prefix + "echo-text").Select(static entry => entry.Value)).Replace(", ", ","));
            Assert.Equal(bytes, metadata.GetValueBytes(prefix + "echo-bytes-bin"));
            Assert.Equal([], metadata.GetValueBytes(prefix + "echo-empty-bin")!);
        }

        Assert.Equal(StatusCode.OK, call.GetStatus().StatusCode);
    }

    [Fact]
    public async Task A_client_stream_arrives_whole_and_in_order()
    {
        using var call = Client.Collect(Soon());
        var piece = ByteString.CopyFrom(new byte[1000]);
        for (var i = 0; i < 1000; i++)
        {
            await call.RequestStream.WriteAsync(new EchoRequest { Text = $"{i}", Payload = piece });
        }

        await call.RequestStream.CompleteAsync();
        var reply = await call;
        Assert.Equal((1000, "999", 1_000_000L), (reply.Count, reply.Text, reply.DeadlineMilliseconds));
    }

    [Fact]
    public async Task A_server_stream_arrives_whole_and_in_order()
    {
        using var call = Client.Spread(new EchoRequest { Text = "n", Count = 1000, Payload = ByteString.CopyFrom(new byte[1000]) }, Soon());
        var next = 0;
        await foreach (var reply in call.ResponseStream.ReadAllAsync())
        {
            Assert.Equal((next, $"n {next}", 1000), (reply.Count, reply.Text, reply.Payload.Length));
            next++;
        }

        Assert.Equal(1000, next);
        Assert.Equal(StatusCode.OK, call.GetStatus().StatusCode);
    }

    [Fact]
    public async Task Both_sides_talk_in_turn_on_one_stream()
    {
        using var call = Client.Chat(Soon());
        for (var i = 0; i < 200; i++)
        {
            // The next is sent only when the last was answered: nothing on the way may wait for more.
            await call.RequestStream.WriteAsync(new EchoRequest { Text = $"turn {i}" });
            Assert.True(await call.ResponseStream.MoveNext());
            Assert.Equal($"turn {i}", call.ResponseStream.Current.Text);
        }

        await call.RequestStream.CompleteAsync();
        Assert.False(await call.ResponseStream.MoveNext());
    }

    [Fact]
    public async Task Messages_larger_than_every_window_go_both_ways()
    {
        var bytes = new byte[5_000_000];
        new Random(7).NextBytes(bytes);
        var reply = await Client.UnaryAsync(new EchoRequest { Payload = UnsafeByteOperations.UnsafeWrap(bytes) }, Soon());
        Assert.True(reply.Payload.Span.SequenceEqual(bytes));
    }

    [Fact]
    public async Task A_compressed_message_is_carried_as_it_is()
    {
        var text = new string('z', 100_000);
        var reply = await Client.UnaryAsync(new EchoRequest { Text = text }, new CallOptions(new Metadata { { "grpc-internal-encoding-request", "gzip" } }, Deadline));
        Assert.Equal(text, reply.Text);
        Assert.Equal("gzip", reply.Encoding);
    }

    [Theory]
    [InlineData(StatusCode.Cancelled)]
    [InlineData(StatusCode.Unknown)]
    [InlineData(StatusCode.InvalidArgument)]
    [InlineData(StatusCode.DeadlineExceeded)]
    [InlineData(StatusCode.NotFound)]
    [InlineData(StatusCode.AlreadyExists)]
    [InlineData(StatusCode.PermissionDenied)]
    [InlineData(StatusCode.ResourceExhausted)]
    [InlineData(StatusCode.FailedPrecondition)]
    [InlineData(StatusCode.Aborted)]
    [InlineData(StatusCode.OutOfRange)]
    [InlineData(StatusCode.Unimplemented)]
    [InlineData(StatusCode.Internal)]
    [InlineData(StatusCode.Unavailable)]
    [InlineData(StatusCode.DataLoss)]
    [InlineData(StatusCode.Unauthenticated)]
    public async Task A_status_comes_with_its_message_and_details_in_a_trailers_only_response(StatusCode code)
    {
        const string Message = "100 % schlecht: größer als 5\nund zwei Zeilen";
        var failure = await Assert.ThrowsAsync<RpcException>(() => Client.UnaryAsync(new EchoRequest { FailCode = (int)code, FailMessage = Message }, Soon()).ResponseAsync);
        Assert.Equal((code, Message), (failure.StatusCode, failure.Status.Detail));
        Assert.Equal([0, 1, 254, 255], failure.Trailers.GetValueBytes("grpc-status-details-bin")!);
        Assert.Equal("yes", failure.Trailers.GetValue("echo-failed"));
    }

    [Fact]
    public async Task A_status_in_the_trailers_comes_behind_the_replies()
    {
        using var call = Client.Spread(new EchoRequest { Text = "n", Count = 10, FailCode = (int)StatusCode.DataLoss, FailMessage = "after three", FailAfter = 3 }, Soon());
        var replies = 0;
        var failure = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            await foreach (var _ in call.ResponseStream.ReadAllAsync())
            {
                replies++;
            }
        });
        Assert.Equal((3, StatusCode.DataLoss, "after three"), (replies, failure.StatusCode, failure.Status.Detail));
    }

    [Fact]
    public async Task A_server_that_fails_early_is_heard_while_the_client_still_streams()
    {
        using var call = Client.Collect(Soon());
        var piece = ByteString.CopyFrom(new byte[10_000]);
        try
        {
            for (var i = 0; i < 10_000; i++)
            {
                await call.RequestStream.WriteAsync(new EchoRequest { FailCode = (int)StatusCode.InvalidArgument, FailMessage = "enough", FailAfter = 2, Payload = piece });
            }

            Assert.Fail("100 MB were taken by a server that reads three messages");
        }
        catch (Exception exception) when (exception is RpcException or InvalidOperationException)
        {
            // A write tells that the call is over, in one way or another; the response tells why.
        }

        var failure = await Assert.ThrowsAsync<RpcException>(() => Eventually.Within(call.ResponseAsync, "the status"));
        Assert.Equal((StatusCode.InvalidArgument, "enough"), (failure.StatusCode, failure.Status.Detail));
    }

    [Fact]
    public async Task A_deadline_reaches_the_server_and_ends_the_call_on_both_sides()
    {
        var seen = await Client.UnaryAsync(new EchoRequest(), deadline: DateTime.UtcNow.AddSeconds(20));
        Assert.InRange(seen.DeadlineMilliseconds, 10_000, 20_000);

        var name = $"deadline {Guid.NewGuid()}";
        var failure = await Assert.ThrowsAsync<RpcException>(() => Client.UnaryAsync(new EchoRequest { Text = name, Hang = true }, deadline: DateTime.UtcNow.AddMilliseconds(400)).ResponseAsync);
        Assert.Equal(StatusCode.DeadlineExceeded, failure.StatusCode);
        await Eventually.IsTrue(() => Server.WasCancelled(name), "the server to see the call end");
    }

    [Fact]
    public async Task A_cancelled_call_is_cancelled_at_the_server()
    {
        var name = $"cancel {Guid.NewGuid()}";
        using var cancel = new CancellationTokenSource();
        using var call = Client.Chat(new CallOptions(cancellationToken: cancel.Token));
        await call.RequestStream.WriteAsync(new EchoRequest { Text = "first" });
        Assert.True(await call.ResponseStream.MoveNext());
        await call.RequestStream.WriteAsync(new EchoRequest { Text = name, Hang = true });
        await Eventually.IsTrue(() => Server.Attempts(name) == 1, "the server to hang");
        await cancel.CancelAsync();
        await Eventually.IsTrue(() => Server.WasCancelled(name), "the server to see the call end");

        // The connection is none the worse for it.
        Assert.Equal("after", (await Client.UnaryAsync(new EchoRequest { Text = "after" }, Soon())).Text);
    }

    [Fact]
    public async Task A_client_that_does_not_read_stops_the_server()
    {
        var before = Server.Sent;
        using var channel = path.Open();
        using var call = new Echo.EchoClient(channel).Spread(new EchoRequest { Count = 100_000, Payload = ByteString.CopyFrom(new byte[64 * 1024]) });
        Assert.True(await call.ResponseStream.MoveNext());
        var last = -1L;
        await Eventually.IsTrue(
            async () =>
            {
                var now = Server.Sent;
                var stands = now == last;
                last = now;
                await Task.Delay(300);
                return stands && Server.Sent == now;
            },
            "the server to stand still");

        // The windows of client, proxies and server together; 6.4 GB would be all of it.
        Assert.InRange(Server.Sent - before, 1, 1000);
        for (var i = 0; i < 2000; i++)
        {
            Assert.True(await call.ResponseStream.MoveNext());
        }
    }

    [Fact]
    public async Task Many_calls_share_a_connection()
    {
        var replies = await Task.WhenAll(Enumerable.Range(0, 500).Select(i => Client.UnaryAsync(new EchoRequest { Text = $"{i}", Payload = ByteString.CopyFrom(new byte[i * 20]) }, Soon()).ResponseAsync));
        Assert.Equal(Enumerable.Range(0, 500).Select(static i => $"{i}"), replies.Select(static reply => reply.Text));
    }

    [Fact]
    public async Task Health_is_asked_and_watched()
    {
        var name = $"service-{Guid.NewGuid()}";
        path.Server.Health.SetStatus(name, HealthCheckResponse.Types.ServingStatus.Serving);
        var health = new global::Grpc.Health.V1.Health.HealthClient(path.Channel);
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, (await health.CheckAsync(new HealthCheckRequest { Service = name }, Soon())).Status);
        using var watch = health.Watch(new HealthCheckRequest { Service = name }, Soon());
        Assert.True(await watch.ResponseStream.MoveNext());
        path.Server.Health.SetStatus(name, HealthCheckResponse.Types.ServingStatus.NotServing);
        Assert.True(await watch.ResponseStream.MoveNext());
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.NotServing, watch.ResponseStream.Current.Status);
    }

    [Fact]
    public async Task Grpc_js_makes_the_same_calls()
    {
        var node = Peers.Need("node");
        var modules = Path.Combine(Peers.RepositoryRoot, "out", "grpc-js", "node_modules");
        Assert.SkipUnless(Directory.Exists(modules), "@grpc/grpc-js is not installed; ./test.sh installs it where there is npm");
        var folder = Path.Combine(Peers.RepositoryRoot, "tests", "Pillion.EndToEnd", "Grpc");
        var result = await Running.ToEndAsync(
            node,
            [Path.Combine(folder, "js", "calls.js"), Path.Combine(folder, "echo.proto"), $"127.0.0.1:{path.Port}"],
            environment: new Dictionary<string, string> { ["NODE_PATH"] = modules });
        Assert.True(result.Code == 0, result.ToString());
        using var json = System.Text.Json.JsonDocument.Parse(result.Out);
        var outcomes = json.RootElement.EnumerateObject().ToDictionary(static call => call.Name, static call => call.Value.GetString());
        Assert.All(outcomes, static call => Assert.True(call.Value == "ok", $"{call.Key}: {call.Value}"));
        Assert.Equal(9, outcomes.Count);
    }

    private static DateTime Deadline => DateTime.UtcNow + Eventually.Limit;

    private static CallOptions Soon() => new(deadline: Deadline);
}
