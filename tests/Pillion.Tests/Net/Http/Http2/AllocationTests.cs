using Pillion.Net.Http;
using Pillion.Net.Http.Http2;
using Pillion.Net.InMemory;
using Pillion.Net.Loop;
using Pillion.Net.Sockets;
using Pillion.Tests.Support;
using System.Runtime.CompilerServices;
using Xunit;
using HttpMethod = Pillion.Net.Http.HttpMethod;

namespace Pillion.Tests.Net.Http.Http2;

/// <summary>The budget of DESIGN §6: once warm, a request costs no allocation, on neither side.</summary>
public sealed class AllocationTests : IHttp2Requests, IHttp2Upstream
{
    private const int AtOnce = 20;

    private readonly EventLoop _loop = new MemoryNetwork().CreateLoop(0, new ManualTimeProvider());
    private readonly RequestHead[] _heads = [.. Enumerable.Range(0, AtOnce).Select(_ => Http2Fixture.Head("POST", "/a/b", "orders", ("Content-Type", "a/b"), ("X-Id", "0")))];
    private readonly ResponseHead[] _responses = [.. Enumerable.Range(0, AtOnce).Select(_ => new ResponseHead())];
    private readonly Stack<ResponseHead> _answers = new();
    private readonly byte[] _body = new byte[3000];
    private readonly Action<object?> _ask;
    private Http2ClientConnection _client = null!;
    // Their results must be taken: that gives back what they ran on.
    private readonly List<ValueTask> _running = [];
    private int _completed;

    public AllocationTests()
    {
        foreach (var head in _heads)
        {
            head.Body = BodyKind.Length;
            head.ContentLength = _body.Length;
        }

        _ask = state => _running.Add(AskAsync((int)state!));
    }

    [Fact]
    public void A_request_and_its_answer_allocate_nothing()
    {
        var (clientSocket, serverSocket) = MemoryConnection.Pair(_loop, _loop);
        var numbers = Enumerable.Range(0, AtOnce).Select(i => (object)i).ToArray();
        _loop.Post(() =>
        {
            _ = new Http2ServerConnection(serverSocket, HttpRules.Default, Http2Settings.Default, this).ServeAsync(TimeSpan.FromHours(1));
            _client = new Http2ClientConnection(clientSocket, HttpRules.Default, Http2Settings.Default, this);
            _client.Start();
        });
        _loop.RunUntilIdle();
        RunRounds(numbers, 500);
        var allocated = new List<long>();
        for (var i = 0; i < 4 && !allocated.Contains(0); i++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            RunRounds(numbers, 100);
            allocated.Add(GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.True(allocated.Contains(0), $"{string.Join(", ", allocated)} bytes for {100 * AtOnce} requests each");
        Assert.InRange(_completed, 600 * AtOnce, 900 * AtOnce);
    }

    private void RunRounds(object[] numbers, int rounds)
    {
        for (var round = 0; round < rounds; round++)
        {
            foreach (var number in numbers)
            {
                _loop.Post(_ask, number);
            }

            _loop.RunUntilIdle();
            foreach (var task in _running)
            {
                task.GetAwaiter().GetResult();
            }

            _running.Clear();
        }
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder))]
    private async ValueTask AskAsync(int number)
    {
        var head = _heads[number];
        Span<byte> id = stackalloc byte[8];
        System.Buffers.Text.Utf8Formatter.TryFormat(_completed + number, id, out var length);
        head.Fields.Set(KnownField.ContentType, id[..length]);
        var stream = _client.TryOpen()!;
        stream.WriteHead(head);
        await SendAsync(stream);
        await stream.FinishAsync(null);
        var result = await stream.ReceiveHeadAsync(_responses[number], HttpMethod.Post);
        await ReadAsync(stream);
        stream.Release();
        _completed += result.Outcome == HeadOutcome.Received && _responses[number].Status == 200 ? 1 : 0;
    }

    void IHttp2Requests.RequestArrived(Http2ServerStream stream) => _running.Add(ServeAsync(stream));

    [AsyncMethodBuilder(typeof(PooledMethodBuilder))]
    private async ValueTask ServeAsync(Http2ServerStream stream)
    {
        await ReadAsync(stream);
        var answer = _answers.Count > 0 ? _answers.Pop() : new ResponseHead();
        answer.Clear();
        answer.Status = 200;
        answer.Body = BodyKind.Chunked;
        answer.Fields.Add(KnownField.Server, "pillion"u8);
        stream.WriteHead(answer, close: false);
        await SendAsync(stream);
        stream.Trailers.Add(KnownField.GrpcStatus, "0"u8);
        await stream.FinishAsync(stream.Trailers);
        _answers.Push(answer);
        stream.Complete();
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder))]
    private async ValueTask SendAsync(HttpStream stream)
    {
        var slab = _loop.Slabs.Rent(_body.Length);
        slab.TryAppend(_body);
        await stream.SendBodyAsync(slab, _body.Length);
        _loop.Slabs.Return(slab);
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder))]
    private static async ValueTask ReadAsync(HttpStream stream)
    {
        while (true)
        {
            var part = await stream.ReceiveBodyAsync();
            if (part.Event != BodyEvent.Data)
            {
                return;
            }

            part.Slab!.Consume(part.Count);
        }
    }

    void IHttp2Upstream.StreamReleased(Http2ClientConnection connection)
    {
    }

    void IHttp2Upstream.GoingAway(Http2ClientConnection connection)
    {
    }

    void IHttp2Upstream.Closed(Http2ClientConnection connection, IoError error)
    {
    }
}
