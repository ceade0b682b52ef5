using Pillion.Core.Signals.Metrics;
using Pillion.Net.InMemory;
using Pillion.Net.Loop;
using Pillion.Proxy.Tcp;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Proxy.Tcp;

/// <summary>A relay between a client and a server, all on one loop in memory, with the clock in the test's hand. At its end nothing may be kept.</summary>
internal sealed class RelayFixture : IDisposable
{
    private readonly ManualTimeProvider _time = new();
    private readonly Queue<Exception> _bugs = [];

    public RelayFixture(TcpLimits? limits = null, int capacity = MemoryNetwork.DefaultCapacity)
    {
        Loop = new MemoryNetwork().CreateLoop(0, _time);
        Loop.Unhandled = _bugs.Enqueue;
        (var client, Downstream) = MemoryConnection.Pair(Loop, Loop, capacity);
        (Upstream, var server) = MemoryConnection.Pair(Loop, Loop, capacity);
        Client = new TcpPeer(client);
        Server = new TcpPeer(server);
        Limits = limits ?? TcpLimits.Default;
    }

    public EventLoop Loop { get; }

    public TcpPeer Client { get; }

    public TcpPeer Server { get; }

    public MemoryConnection Downstream { get; }

    public MemoryConnection Upstream { get; }

    public TcpLimits Limits { get; }

    public TcpMetrics Metrics { get; } = new();

    public ClusterMetrics ClusterMetrics { get; } = new();

    public TcpRelay Relay { get; private set; } = null!;

    /// <summary>Null while it goes on.</summary>
    public TcpResult? Result { get; private set; }

    /// <summary>Both ends read and the relay runs.</summary>
    public RelayFixture Start(bool clientReads = true, bool serverReads = true)
    {
        OnLoop(() =>
        {
            Relay = new TcpRelay(Downstream, Upstream, Limits, new TcpCounters(Metrics, ClusterMetrics));
            _ = RunAsync();
            if (clientReads)
            {
                Client.Read();
            }

            if (serverReads)
            {
                Server.Read();
            }
        });
        return this;

        async Task RunAsync()
        {
            Assert.Null(Result);
            await Relay.RunAsync();
            Result = Relay.Result;
        }
    }

    public void OnLoop(Action action)
    {
        Loop.Post(action);
        Run();
    }

    public void Run()
    {
        Loop.RunUntilIdle();
        Assert.Empty(_bugs);
    }

    public void Advance(TimeSpan time)
    {
        _time.Advance(time);
        Run();
    }

    public void Dispose()
    {
        OnLoop(() => Relay.Stop());
        OnLoop(Client.Connection.Close);
        OnLoop(Server.Connection.Close);
        Assert.NotNull(Result);
        Assert.True(Downstream.IsClosed);
        Assert.True(Upstream.IsClosed);
        Assert.False(Relay.IsArmed);
        Assert.Equal(0, Loop.Slabs.Rented);
        Assert.Equal(0, Loop.Timers.Count);
        Assert.Equal(Result.Value.FromClient, Metrics.BytesReceived);
        Assert.Equal(Result.Value.ToClient, Metrics.BytesSent);
        Assert.Equal(Metrics.PausedReading, Metrics.ResumedReading);
        Loop.Dispose();
    }
}
