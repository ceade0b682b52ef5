using System.Collections.Concurrent;
using Grpc.Core;
using Pillion.EndToEnd.Grpc.Protocol;

namespace Pillion.EndToEnd.Grpc;

/// <summary>The server of the calls that go through the proxies: it does what a request says, and remembers which calls were cancelled under it.</summary>
internal sealed class EchoService : Echo.EchoBase
{
    private readonly ConcurrentDictionary<string, int> _attempts = new();
    private readonly ConcurrentDictionary<string, byte> _cancelled = new();
    private long _sent;

    /// <summary>Replies that Spread has handed to the server.</summary>
    public long Sent => Interlocked.Read(ref _sent);

    public int Attempts(string text) => _attempts.GetValueOrDefault(text);

    public bool WasCancelled(string text) => _cancelled.ContainsKey(text);

    /// <summary>How many more attempts fail with their request's status; all of them where it is negative.</summary>
    public int Failures { get; set; } = -1;

    public override async Task<EchoReply> Unary(EchoRequest request, ServerCallContext context)
    {
        await BehaveAsync(request, context, 0);
        var reply = new EchoReply { Text = request.Text, Payload = request.Payload, Count = 1, Encoding = context.GetHttpContext().Request.Headers["grpc-encoding"].ToString() };
        if (context.Deadline != DateTime.MaxValue)
        {
            reply.DeadlineMilliseconds = (long)(context.Deadline - DateTime.UtcNow).TotalMilliseconds;
        }

        var headers = new Metadata();
        foreach (var entry in context.RequestHeaders)
        {
            reply.Metadata[entry.Key] = entry.IsBinary ? Convert.ToBase64String(entry.ValueBytes) : entry.Value;
            if (entry.Key.StartsWith("echo-", StringComparison.Ordinal))
            {
                headers.Add(entry);
                context.ResponseTrailers.Add(entry.IsBinary ? new Metadata.Entry("trailing-" + entry.Key, entry.ValueBytes) : new Metadata.Entry("trailing-" + entry.Key, entry.Value));
            }
        }

        await context.WriteResponseHeadersAsync(headers);
        return reply;
    }

    public override async Task<EchoReply> Collect(IAsyncStreamReader<EchoRequest> requestStream, ServerCallContext context)
    {
        var reply = new EchoReply();
        await foreach (var request in requestStream.ReadAllAsync(context.CancellationToken))
        {
            await BehaveAsync(request, context, reply.Count);
            reply.Count++;
            reply.DeadlineMilliseconds += request.Payload.Length;
            reply.Text = request.Text;
        }

        return reply;
    }

    public override async Task Spread(EchoRequest request, IServerStreamWriter<EchoReply> responseStream, ServerCallContext context)
    {
        for (var i = 0; i < request.Count; i++)
        {
            await BehaveAsync(request, context, i);
            await responseStream.WriteAsync(new EchoReply { Text = $"{request.Text} {i}", Payload = request.Payload, Count = i }, context.CancellationToken);
            Interlocked.Increment(ref _sent);
        }

        await BehaveAsync(request, context, request.Count);
    }

    public override async Task Chat(IAsyncStreamReader<EchoRequest> requestStream, IServerStreamWriter<EchoReply> responseStream, ServerCallContext context)
    {
        var count = 0;
        await foreach (var request in requestStream.ReadAllAsync(context.CancellationToken))
        {
            await BehaveAsync(request, context, count);
            await responseStream.WriteAsync(new EchoReply { Text = request.Text, Payload = request.Payload, Count = count++ });
        }
    }

    private async Task BehaveAsync(EchoRequest request, ServerCallContext context, int replies)
    {
        _attempts.AddOrUpdate(request.Text, 1, static (_, count) => count + 1);
        if (request.Hang)
        {
            try
            {
                await Task.Delay(Timeout.Infinite, context.CancellationToken);
            }
            catch (OperationCanceledException)
            {
                _cancelled[request.Text] = 0;
                throw;
            }
        }

        if (request.FailCode != 0 && replies >= request.FailAfter && Failures != 0)
        {
            Failures--;
            throw new RpcException(
                new Status((StatusCode)request.FailCode, request.FailMessage),
                new Metadata { { "grpc-status-details-bin", [0, 1, 254, 255] }, { "echo-failed", "yes" } });
        }
    }
}
