#pragma warning disable
using System.Net;
using Pillion.Core.Configuration;
using Pillion.Net.Http;
using Pillion.Proxy.Configuration;
using Pillion.Core.Signals.Metrics;
using Microsoft.Extensions.Logging;
namespace Pillion.Proxy.Clusters
{
internal sealed class Endpoint(EndPoint ep) { int _active; public string Text { get; } = ep.ToString()!; public EndPoint? SocketAddress => ep; public int Weight => 1; public int ActiveRequests => _active; public bool IsRemoved => false; public void RequestBegins() => Interlocked.Increment(ref _active); public void RequestEnds() => Interlocked.Decrement(ref _active); public string? HostName => null; }
internal sealed class EndpointSet(Endpoint[] e) { public bool IsEmpty => e.Length == 0; public Endpoint[] All => e; public int Count => e.Length; public Endpoint this[int i] => e[i]; }
internal readonly ref struct PickContext(ReadOnlySpan<Endpoint> tried, Random random) { public readonly ReadOnlySpan<Endpoint> Tried = tried; public readonly Random Random = random; }
internal interface IBalancer { Endpoint? Pick(EndpointSet set, in PickContext context); }
internal sealed class RoundRobin : IBalancer { int _n; public Endpoint? Pick(EndpointSet set, in PickContext c) => set.IsEmpty ? null : set.All[_n++ % set.All.Length]; }
internal interface INameResolver;
internal sealed class ClusterEndpoints(EndpointSet set) { public EndpointSet Current => set; public string? LookupError => null; public void Stop() {}
 public static ClusterEndpoints Start(ClusterConfig c, INameResolver? r, TimeProvider t, ClusterMetrics m, ILogger l) => new(new EndpointSet([.. c.Endpoints.Select(e => new Endpoint(e.Address.ToEndPoint()!))])); }
}

namespace Pillion.Proxy.Clusters.Dns { internal static class NameResolvers { public static INameResolver ForThisMachine() => null!; } }
