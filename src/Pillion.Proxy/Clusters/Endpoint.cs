using System.Net;
using System.Runtime.InteropServices;
using System.Text;
using Pillion.Net;
using Pillion.Proxy.Clusters.Balancing;
using Pillion.Proxy.Clusters.Levels;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Configuration.Balancing;
using Pillion.Proxy.Clusters.Outliers;

namespace Pillion.Proxy.Clusters;

/// <summary>
/// One address that requests can be sent to. The object lives as long as the address stays in its cluster, so that its counter and the pools
/// keyed by it survive new answers from DNS.
/// </summary>
internal sealed class Endpoint
{
    // One counter for all loops. Counts per loop would cost no shared write, but a loop that sees only its own requests sends two long ones to the
    // endpoint that another loop keeps busy, and few long requests are the case least_request is for. An atomic add on a line of its own costs
    // some 20 ns when cores compete for it, of the 15 µs of a request.
    private OwnLine _active;
    private volatile bool _isRemoved;
    private volatile bool _isUnhealthy;
    private volatile bool _isEjected;
    private OutlierState? _outlier;

    public Endpoint(EndpointConfig config, EndPoint socketAddress)
        : this(config.Address, socketAddress, config.Weight)
    {
        Priority = config.Priority;
        Locality = config.Locality;
        LocalityWeight = config.LocalityWeight;
        Labels = config.Labels;
    }

    public Endpoint(Address address, EndPoint socketAddress, int weight)
    {
        Address = address;
        SocketAddress = socketAddress;
        Weight = Math.Max(1, weight);
        Text = socketAddress is IPEndPoint ip ? new Address(ip.Address.ToString(), ip.Port).ToString() : address.ToString();
        Id = XxHash64.Of(Encoding.ASCII.GetBytes(Text));
        HostName = address.IsUnix || IPAddress.TryParse(address.Host, out _) ? null : address.Host;
        HostNameBytes = HostName is null ? null : Encoding.ASCII.GetBytes(HostName);
    }

    /// <summary>As configured; a host name where the endpoint came from DNS.</summary>
    public Address Address { get; }

    /// <summary>What to connect to.</summary>
    public EndPoint SocketAddress { get; }

    public int Weight { get; }

    /// <summary>0 is used first (Envoy: LocalityLbEndpoints.priority).</summary>
    public int Priority { get; }

    public Locality Locality { get; } = Locality.Unknown;

    /// <summary>Of its locality, all endpoints in it together; 0 is none (Envoy: LocalityLbEndpoints.load_balancing_weight).</summary>
    public int LocalityWeight { get; }

    public LabelSet Labels { get; } = LabelSet.None;

    /// <summary>Hash of <see cref="Text"/>: the same in every process.</summary>
    public ulong Id { get; }

    /// <summary>The resolved address in its written form, for logs and records.</summary>
    public string Text { get; }

    /// <summary>What auto_host_rewrite puts into Host: the configured name, without port (as Envoy); null for an address, which leaves Host as it is.</summary>
    public string? HostName { get; }

    /// <summary><see cref="HostName"/>, ready to be sent.</summary>
    public byte[]? HostNameBytes { get; }

    /// <summary>Requests being served now, on all loops.</summary>
    public int ActiveRequests => Volatile.Read(ref _active.Value);

    /// <summary>The cluster does not have it any more: connections to it are not kept. An address that comes back is not removed again.</summary>
    public bool IsRemoved
    {
        get => _isRemoved;
        set => _isRemoved = value;
    }

    /// <summary>Its active checks fail. Written by one loop, published with the set of endpoints.</summary>
    public bool IsUnhealthy
    {
        get => _isUnhealthy;
        set => _isUnhealthy = value;
    }

    /// <summary>Taken out because its answers were bad (Envoy: outlier detection); published like <see cref="IsUnhealthy"/>.</summary>
    public bool IsEjected
    {
        get => _isEjected;
        set => _isEjected = value;
    }

    /// <summary>Nothing speaks against sending requests to it.</summary>
    public bool IsUsable => !_isUnhealthy && !_isEjected;

    /// <summary>When it came or became usable again, in <see cref="ClusterEndpoints.Now"/>; 0 where it always was. Written under the publisher's lock.</summary>
    public long UsableSince { get; set; }

    /// <summary>What was published last; the publisher's own.</summary>
    public bool WasUsable { get; set; } = true;

    /// <summary>How long it takes to answer, as <see cref="PeakEwma"/> sees it.</summary>
    public ref long Latency => ref _active.Latency;

    /// <summary>How it answers; null until outlier detection has looked at it.</summary>
    public OutlierState? Outlier => Volatile.Read(ref _outlier);

    public OutlierState BeginOutlier() => Interlocked.CompareExchange(ref _outlier, new OutlierState(), null) ?? _outlier;

    /// <summary>Counted before the send: an endpoint that hangs must look busy to the balancer. Each call is paired with one of <see cref="RequestEnds"/>.</summary>
    public void RequestBegins() => Interlocked.Increment(ref _active.Value);

    public void RequestEnds() => Interlocked.Decrement(ref _active.Value);

    public override string ToString() => Text;

    // 64 bytes on either side, so that the counter shares its cache line with nothing that other loops read.
    [StructLayout(LayoutKind.Explicit, Size = 128)]
    private struct OwnLine
    {
        [FieldOffset(64)]
        public int Value;

        // Beside the counter on purpose: both are written by whoever sends to it.
        [FieldOffset(72)]
        public long Latency;
    }
}
