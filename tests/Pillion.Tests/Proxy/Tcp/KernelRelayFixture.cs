using System.Net;
using Pillion.Core.Signals.Metrics;
using Pillion.Net.Linux;
using Pillion.Net.Loop;
using Pillion.Net.Sockets;
using Pillion.Proxy.Tcp;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Proxy.Tcp;

/// <summary>Relays between kernel sockets on a loop of their own; clients and servers live on another. At its end nothing may be kept.</summary>
internal sealed class KernelRelayFixture : IAsyncDisposable
{
    private static readonly IPEndPoint AnyPort = new(IPAddress.Loopback, 0);

    private readonly EpollNetwork _network = new();
    private readonly EventLoop _proxy;
    private readonly List<TcpPeer> _peers = [];
    private readonly List<Exception> _bugs = [];
    private Listener _front = null!;
    private Listener _back = null!;

    public KernelRelayFixture()
    {
        _proxy = _network.CreateLoop(0, TimeProvider.System);
        Outside = _network.CreateLoop(1, TimeProvider.System);
        foreach (var loop in (EventLoop[])[_proxy, Outside])
        {
            loop.Unhandled = _bugs.Add;
            loop.Start();
        }
    }

    public EventLoop Outside { get; }

    public TcpMetrics Metrics { get; } = new();

    public ClusterMetrics ClusterMetrics { get; } = new();

    /// <summary>What has ended, in the order of the ends; written by the proxy's loop.</summary>
    public List<TcpResult> Results { get; } = [];

    public int Ended
    {
        get
        {
            lock (Results)
            {
                return Results.Count;
            }
        }
    }

    public int SlabsRented => _proxy.InvokeAsync(() => _proxy.Slabs.Rented).Result;

    public int PipesLent => _proxy.InvokeAsync(() => ((EpollPoller)_proxy.Poller).Pipes.Lent).Result;

    public async Task StartAsync()
    {
        _back = await Outside.InvokeAsync(() => _network.Listen(Outside, AnyPort, shared: false).Listener!);
        _front = await _proxy.InvokeAsync(() => _network.Listen(_proxy, AnyPort, shared: false).Listener!);
        _proxy.Post(() => _ = AcceptAsync());
    }

    /// <summary>A client and the server that it reaches through the relay.</summary>
    public async Task<(TcpPeer Client, TcpPeer Server)> ConnectAsync()
    {
        return await Outside.RunAsync(async () =>
        {
            var client = new TcpPeer((await _network.ConnectAsync(Outside, _front.LocalEndPoint)).Connection!);
            var server = new TcpPeer((await _back.AcceptAsync()).Connection!);
            _peers.AddRange([client, server]);
            return (client, server);
        });
    }

    /// <summary>Runs an action on the loop of the clients and servers.</summary>
    public Task OutsideAsync(Action action) => Outside.InvokeAsync(() =>
    {
        action();
        return true;
    });

    /// <summary>Bytes that the proxy's loop has allocated so far.</summary>
    public Task<long> AllocatedAsync() => _proxy.InvokeAsync(GC.GetAllocatedBytesForCurrentThread);

    public async ValueTask DisposeAsync()
    {
        await OutsideAsync(() => _peers.ForEach(peer => peer.Connection.Close()));
        await Eventually.IsAsync(() => Ended == _peers.Count / 2);
        await Eventually.IsAsync(() => SlabsRented == 0);
        Assert.Equal(0, PipesLent);
        Assert.Equal(Metrics.PausedReading, Metrics.ResumedReading);
        Assert.Empty(_bugs);
        _proxy.StopAndDispose();
        Outside.StopAndDispose();
    }

    private async Task AcceptAsync()
    {
        var counters = new TcpCounters(Metrics, ClusterMetrics);
        while ((await _front.AcceptAsync()).Connection is { } downstream)
        {
            var upstream = (await _network.ConnectAsync(_proxy, _back.LocalEndPoint)).Connection!;
            _ = RelayAsync(downstream, upstream, counters);
        }
    }

    private async Task RelayAsync(Connection downstream, Connection upstream, TcpCounters counters)
    {
        var result = await TcpRelay.RunAsync(downstream, upstream, TcpLimits.Default, counters);
        lock (Results)
        {
            Results.Add(result);
        }
    }
}
