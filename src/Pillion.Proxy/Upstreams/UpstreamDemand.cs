using Pillion.Proxy.Configuration;

namespace Pillion.Proxy.Upstreams;

/// <summary>What a request asks of the connection that carries it.</summary>
/// <param name="Client">Whom a PROXY header names.</param>
/// <param name="Version">The version of HTTP that the client spoke: 10, 11 or 20.</param>
/// <param name="IsTunnel">Bytes that are no HTTP: a connection of its own (CONNECT that ends here).</param>
/// <param name="IsUpgrade">An upgrade was asked for; over HTTP/2 it needs extended CONNECT.</param>
/// <param name="Priority">Whose connections and limits.</param>
/// <param name="IsCheck">A health check: it waits behind no limit, as it would find a busy endpoint dead.</param>
/// <param name="IsForOne">An HTTP/1 connection for this request alone.</param>
internal readonly record struct UpstreamDemand(ProxiedClient Client, byte Version = 11, bool IsTunnel = false, bool IsUpgrade = false, RoutePriority Priority = RoutePriority.Default, bool IsCheck = false, bool IsForOne = false);
