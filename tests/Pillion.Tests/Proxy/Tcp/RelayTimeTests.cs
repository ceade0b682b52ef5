using Pillion.Proxy.Tcp;
using Xunit;

namespace Pillion.Tests.Proxy.Tcp;

/// <summary>How long a relayed connection may rest and last.</summary>
public sealed class RelayTimeTests
{
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_connection_on_which_nothing_moves_is_closed_after_an_hour(bool clientIsLast)
    {
        using var relay = new RelayFixture().Start();
        relay.Advance(Hour - Moment);
        relay.OnLoop(() => (clientIsLast ? relay.Client : relay.Server).Send([1]));
        relay.Advance(Hour - Moment);
        Assert.Null(relay.Result);
        relay.Advance(Moment);
        Assert.Equal(TcpEnd.IdleTimeout, relay.Result!.Value.End);
        Assert.True(relay.Client.IsEnded && relay.Server.IsEnded);
        Assert.Equal(1, relay.Metrics.IdleTimeouts);
        Assert.False(relay.Metrics.Ends.IsEmpty);
    }

    [Fact]
    public void A_half_closed_connection_on_which_nothing_moves_is_closed_as_well()
    {
        using var relay = new RelayFixture().Start();
        relay.OnLoop(relay.Client.End);
        relay.Advance(Hour);
        Assert.Equal(TcpEnd.IdleTimeout, relay.Result!.Value.End);
        Assert.True(relay.Client.IsEnded && relay.Server.IsEnded);
    }

    [Fact]
    public void Without_an_idle_timeout_a_connection_may_rest_for_days()
    {
        using var relay = new RelayFixture(TcpLimits.Default with { IdleTimeout = TimeSpan.Zero }).Start();
        relay.Advance(TimeSpan.FromDays(3));
        Assert.Null(relay.Result);
        Assert.Equal(0, relay.Loop.Timers.Count);
        relay.OnLoop(() => relay.Client.Send([1]));
        Assert.Equal([1], relay.Server.Received);
    }

    [Fact]
    public void An_idle_connection_whose_receiver_has_not_taken_everything_is_reset()
    {
        using var relay = new RelayFixture().Start(serverReads: false);
        relay.OnLoop(() => relay.Client.Send(RelayTests.Bytes(1, 200_000)));
        relay.Advance(Hour);
        Assert.Equal(TcpEnd.IdleTimeout, relay.Result!.Value.End);
        relay.OnLoop(relay.Server.Read);
        Assert.True(relay.Server.IsReset);
        Assert.True(relay.Client.Connection.IsPeerClosed);
    }

    [Fact]
    public void A_receiver_that_takes_a_little_at_a_time_is_not_idle()
    {
        using var relay = new RelayFixture(capacity: 1000).Start(serverReads: false);
        relay.Upstream.MaxBytesPerReceive = 1;
        relay.OnLoop(() => relay.Client.Send(RelayTests.Bytes(1, 200_000)));
        for (var hours = 0; hours < 5; hours++)
        {
            relay.OnLoop(() =>
            {
                relay.Server.Read();
                relay.Server.StopReading();
            });
            relay.Advance(Hour - Moment);
            Assert.Null(relay.Result);
        }
    }

    [Fact]
    public void A_connection_that_has_lasted_long_enough_is_closed_however_busy_it_is()
    {
        using var relay = new RelayFixture(TcpLimits.Default with { MaxDuration = TimeSpan.FromMinutes(10) }).Start();
        for (var minute = 0; minute < 9; minute++)
        {
            relay.Advance(TimeSpan.FromMinutes(1));
            relay.OnLoop(() => relay.Client.Send([1]));
            Assert.Null(relay.Result);
        }

        relay.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(TcpEnd.MaxDuration, relay.Result!.Value.End);
        Assert.Equal(1, relay.Metrics.MaxDurations);
        Assert.Equal(9, relay.Server.BytesReceived);
        Assert.True(relay.Client.IsEnded && relay.Server.IsEnded);
    }

    [Fact]
    public void An_idle_connection_holds_no_buffer()
    {
        using var relay = new RelayFixture().Start();
        Assert.Equal(0, relay.Loop.Slabs.Rented);
        relay.OnLoop(() => relay.Client.Send(RelayTests.Bytes(1, 4096)));
        relay.OnLoop(() => relay.Server.Send(RelayTests.Bytes(1, 2_000_000)));
        Assert.Equal(0, relay.Loop.Slabs.Rented);
    }
}
