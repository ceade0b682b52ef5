namespace Pillion.Proxy.Configuration;

/// <summary>Which of a cluster's limits a request counts in, and whose connections it uses (Envoy: RoutingPriority).</summary>
internal enum RoutePriority : byte
{
    Default,
    High,
}
