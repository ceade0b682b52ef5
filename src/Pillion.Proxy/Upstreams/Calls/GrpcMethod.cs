using System.Runtime.CompilerServices;
using System.Text;
using Pillion.Net.Loop;
using Pillion.Proxy.Configuration;

namespace Pillion.Proxy.Upstreams.Calls;

/// <summary>A method of a gRPC service that policies ask again and again: which cluster has it, and calls that are used again. Each loop has its own.</summary>
internal sealed class GrpcMethod(string cluster, string path, string? authority, TimeSpan timeout, int loops)
{
    private const int MostKept = 64;

    private readonly byte[] _path = Encoding.ASCII.GetBytes(path);
    private readonly byte[] _authority = Encoding.ASCII.GetBytes(authority ?? cluster);
    private readonly Stack<GrpcCall>[] _free = [.. Enumerable.Range(0, loops).Select(_ => new Stack<GrpcCall>())];

    /// <summary>A call for one question; give it back.</summary>
    public GrpcCall Rent(ProxyLoop loop) => _free[loop.Index].TryPop(out var call) ? call : new GrpcCall();

    public void Return(ProxyLoop loop, GrpcCall call)
    {
        if (_free[loop.Index].Count < MostKept)
        {
            _free[loop.Index].Push(call);
        }
    }

    /// <summary>Asks what was set. Null: the reply is in the call; else why there is none.</summary>
    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    public async ValueTask<string?> AskAsync(ProxyLoop loop, ProxySnapshot snapshot, GrpcCall call, CancellationToken stop)
    {
        if (!snapshot.Clusters.TryGetValue(cluster, out var live))
        {
            return $"there is no cluster {cluster}";
        }

        if (live.Config.Protocol == HttpProtocol.Http1)
        {
            return $"cluster {cluster} speaks HTTP/1.1, and gRPC needs HTTP/2";
        }

        await call.AskAsync(loop, live, _path, _authority, timeout, stop);
        return call.Problem;
    }
}
