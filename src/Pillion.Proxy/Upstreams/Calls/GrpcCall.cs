using System.Runtime.CompilerServices;
using Pillion.Net.Http;
using Pillion.Net.Loop;
using Pillion.Proxy.Clusters;
using Pillion.Proxy.Grpc;

namespace Pillion.Proxy.Upstreams.Calls;

/// <summary>A unary gRPC call of Pillion's own: one message there, one back. Used again for the next call. Loop thread only.</summary>
internal sealed class GrpcCall
{
    private const int PrefixBytes = 5;

    private readonly CallAnswer _answer = new();
    private byte[] _frame = new byte[512];
    private int _length = PrefixBytes;

    /// <summary>gRPC's own word for "nobody answered".</summary>
    private const int Unavailable = 14;
    private const int DeadlineExceeded = 4;
    private const int Internal = 13;

    public byte[] UserAgent { get; init; } = "pillion"u8.ToArray();

    /// <summary>0 is OK; the codes are gRPC's.</summary>
    public int Status { get; private set; }

    /// <summary>Why the call did not succeed; null when it did.</summary>
    public string? Problem { get; private set; }

    /// <summary>Something answered, if not what was asked for.</summary>
    public bool HasAnswer => _answer.HasHead;

    /// <summary>The message that came back.</summary>
    public ReadOnlyMemory<byte> Reply { get; private set; }

    /// <summary>Takes the message to send.</summary>
    public void SetMessage(ReadOnlySpan<byte> message)
    {
        _length = PrefixBytes + message.Length;
        if (_frame.Length < _length)
        {
            _frame = new byte[_length * 2];
        }

        _frame[0] = 0;
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(_frame.AsSpan(1), message.Length);
        message.CopyTo(_frame.AsSpan(PrefixBytes));
    }

    /// <summary>Asks the balancer's choice of a cluster's endpoints.</summary>
    /// <param name="path"><c>/package.Service/Method</c>.</param>
    [AsyncMethodBuilder(typeof(PooledMethodBuilder))]
    public async ValueTask AskAsync(ProxyLoop loop, Cluster cluster, byte[] path, byte[] authority, TimeSpan timeout, CancellationToken stop)
    {
        var head = RequestHeads.Rent();
        WriteHead(head, path, authority, timeout);
        await ClusterCall.AskAsync(loop, cluster, head, _frame.AsMemory(0, _length), _answer, timeout, stop);
        RequestHeads.Return(head);
        Read();
    }

    /// <summary>Asks one endpoint whether it serves: outside of the cluster's limits, which a busy endpoint would else be taken for dead by.</summary>
    [AsyncMethodBuilder(typeof(PooledMethodBuilder))]
    public async ValueTask AskAsync(ProxyLoop loop, ClusterLoop upstreams, Endpoint endpoint, byte[] path, byte[] authority, TimeSpan timeout, CancellationToken stop)
    {
        var head = RequestHeads.Rent();
        WriteHead(head, path, authority, timeout);
        await ClusterCall.CheckAsync(loop, upstreams, endpoint, head, _frame.AsMemory(0, _length), _answer, timeout, stop);
        RequestHeads.Return(head);
        Read();
    }

    private void WriteHead(RequestHead head, byte[] path, ReadOnlySpan<byte> authority, TimeSpan timeout)
    {
        head.Clear();
        head.Version = 20;
        head.SetMethod(HttpMethod.Post, "POST"u8);
        head.SetTarget(path);
        head.SetAuthority(authority);
        head.Body = BodyKind.Length;
        head.ContentLength = _length;
        head.Fields.Add(KnownField.ContentType, GrpcContent.Type);
        head.Fields.Add(KnownField.TE, "trailers"u8);
        head.Fields.Add(KnownField.UserAgent, UserAgent);
        Span<byte> text = stackalloc byte[GrpcTimeout.MaxBytes];
        head.Fields.Add(KnownField.GrpcTimeout, text[..GrpcTimeout.Write(text, timeout)]);
    }

    private void Read()
    {
        Reply = default;
        if (_answer.Problem is { } problem)
        {
            Fail(_answer.IsLate ? DeadlineExceeded : Unavailable, problem);
            return;
        }

        if (_answer.Head.Status != 200)
        {
            Fail(GrpcStatus.OfHttp(_answer.Head.Status), $"it answered with HTTP status {_answer.Head.Status}");
            return;
        }

        var status = GrpcStatus.Read(_answer.Trailers);
        status = status < 0 ? GrpcStatus.Read(_answer.Head.Fields) : status;
        if (status != 0)
        {
            Fail(status < 0 ? Internal : status, status < 0 ? "it answered without a gRPC status" : $"it answered with gRPC status {status}");
            return;
        }

        var frame = _answer.Body;
        if (frame.Length < PrefixBytes || frame.Span[0] != 0 || System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(frame.Span[1..]) != frame.Length - PrefixBytes)
        {
            Fail(Internal, "its answer is not one message");
            return;
        }

        Status = 0;
        Problem = null;
        Reply = frame[PrefixBytes..];
    }

    private void Fail(int status, string problem)
    {
        Status = status;
        Problem = problem;
    }
}
