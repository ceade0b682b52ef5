using Pillion.Net.Sockets;
using Pillion.Proxy.Tcp;
using Xunit;

namespace Pillion.Tests.Proxy.Tcp;

/// <summary>How a relayed connection ends, and what the other side sees of it.</summary>
public sealed class RelayEndTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_side_that_has_ended_its_half_still_gets_everything(bool clientFirst)
    {
        using var relay = new RelayFixture().Start();
        var (first, second) = clientFirst ? (relay.Client, relay.Server) : (relay.Server, relay.Client);
        relay.OnLoop(() => first.Send([1, 2, 3], end: true));
        Assert.Equal([1, 2, 3], second.Received);
        Assert.True(second.IsEnded);
        Assert.Null(relay.Result);

        relay.OnLoop(() => second.Send(RelayTests.Bytes(1, 500_000)));
        Assert.Equal(RelayTests.Bytes(1, 500_000), first.Received);
        Assert.False(first.IsEnded);
        Assert.Null(relay.Result);

        relay.OnLoop(second.End);
        Assert.True(first.IsEnded);
        Assert.Equal(clientFirst ? TcpEnd.ClientClosed : TcpEnd.UpstreamClosed, relay.Result!.Value.End);
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(true, true)]
    [InlineData(false, false)]
    [InlineData(false, true)]
    public void A_reset_on_one_side_becomes_a_reset_on_the_other(bool byClient, bool otherHasEnded)
    {
        using var relay = new RelayFixture().Start();
        var (one, other) = byClient ? (relay.Client, relay.Server) : (relay.Server, relay.Client);
        relay.OnLoop(() => one.Send([1, 2, 3]));
        if (otherHasEnded)
        {
            relay.OnLoop(other.End);
        }

        relay.OnLoop(one.Connection.Abort);
        Assert.Equal([1, 2, 3], other.Received);
        Assert.True(other.IsReset);
        Assert.False(other.IsEnded);
        Assert.Equal(byClient ? TcpEnd.ResetByClient : TcpEnd.ResetByUpstream, relay.Result!.Value.End);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_reset_behind_an_end_is_noticed_although_nobody_receives(bool byClient)
    {
        using var relay = new RelayFixture().Start();
        var (one, other) = byClient ? (relay.Client, relay.Server) : (relay.Server, relay.Client);
        relay.OnLoop(one.End);
        relay.OnLoop(one.Connection.Abort);
        relay.Advance(TimeSpan.FromSeconds(5));
        Assert.NotNull(relay.Result);
        Assert.True(other.IsEnded);
        Assert.True(other.Connection.IsPeerClosed);
    }

    [Fact]
    public void A_client_that_is_gone_ends_an_upstream_that_sends()
    {
        using var relay = new RelayFixture().Start(clientReads: false);
        relay.OnLoop(() => relay.Server.Send(RelayTests.Bytes(1, 10_000_000)));
        Assert.True(relay.Server.IsSending);
        relay.OnLoop(relay.Client.Connection.Close);
        Assert.Equal(TcpEnd.ResetByClient, relay.Result!.Value.End);
        Assert.True(relay.Server.IsReset);
        Assert.False(relay.Server.IsSending);
    }

    [Fact]
    public void A_client_that_ended_and_left_does_not_get_much_more()
    {
        using var relay = new RelayFixture().Start();
        relay.OnLoop(relay.Client.Connection.Close);
        Assert.True(relay.Server.IsEnded);
        Assert.Null(relay.Result);

        // The first send to it is lost, as with a kernel; what comes behind it is dropped, but only so much.
        relay.OnLoop(() => relay.Server.Send(RelayTests.Bytes(1, 10_000_000)));
        Assert.Equal(TcpEnd.ResetByClient, relay.Result!.Value.End);
        Assert.InRange(relay.ClusterMetrics.BytesReceived, 1, 2_000_000);
        Assert.False(relay.Server.IsSending);
    }

    [Fact]
    public void An_answer_reaches_a_client_that_is_still_sending_to_an_upstream_that_has_left()
    {
        using var relay = new RelayFixture().Start();
        relay.OnLoop(() => relay.Client.Send([1]));
        relay.OnLoop(() => relay.Server.Send([4, 1, 3], end: true));
        relay.OnLoop(relay.Server.Connection.Close);
        relay.OnLoop(() => relay.Client.Send(RelayTests.Bytes(1, 500_000), end: true));
        Assert.Equal([4, 1, 3], relay.Client.Received);
        Assert.True(relay.Client.IsEnded);
        Assert.False(relay.Client.IsReset);
        Assert.Equal(TcpEnd.ResetByUpstream, relay.Result!.Value.End);
    }

    [Fact]
    public void An_answer_in_front_of_a_reset_is_passed_on()
    {
        using var relay = new RelayFixture().Start(serverReads: false);
        relay.OnLoop(() => relay.Client.Send(RelayTests.Bytes(1, 500_000)));
        relay.OnLoop(() =>
        {
            relay.Server.Send([4, 1, 3]);
            relay.Server.Connection.Abort();
        });
        Assert.Equal([4, 1, 3], relay.Client.Received);
        Assert.True(relay.Client.IsReset);
        Assert.Equal(TcpEnd.ResetByUpstream, relay.Result!.Value.End);
        Assert.Equal(IoError.Reset, relay.Result.Value.Error.Error);
    }

    [Fact]
    public void What_cannot_be_delivered_after_a_reset_is_given_up_after_a_while()
    {
        using var relay = new RelayFixture().Start(serverReads: false);
        relay.OnLoop(() => relay.Client.Send(RelayTests.Bytes(1, 60_000)));
        relay.OnLoop(() => relay.Client.Send(RelayTests.Bytes(1, 60_000)));
        relay.OnLoop(relay.Client.Connection.Abort);
        Assert.Null(relay.Result);
        relay.Advance(TimeSpan.FromMilliseconds(4_999));
        Assert.Null(relay.Result);
        relay.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(TcpEnd.ResetByClient, relay.Result!.Value.End);
        relay.OnLoop(relay.Server.Read);
        Assert.True(relay.Server.IsReset);
    }

    [Fact]
    public void What_was_sent_before_a_reset_is_delivered_to_a_slow_upstream_that_reads_in_time()
    {
        using var relay = new RelayFixture().Start(serverReads: false);
        relay.OnLoop(() => relay.Client.Send(RelayTests.Bytes(1, 60_000)));
        relay.OnLoop(() => relay.Client.Send(RelayTests.Bytes(2, 60_000)));
        relay.OnLoop(relay.Client.Connection.Abort);
        relay.Advance(TimeSpan.FromMilliseconds(4_999));
        relay.OnLoop(relay.Server.Read);
        Assert.Equal([.. RelayTests.Bytes(1, 60_000), .. RelayTests.Bytes(2, 60_000)], relay.Server.Received);
        Assert.True(relay.Server.IsReset);
        Assert.Equal(TcpEnd.ResetByClient, relay.Result!.Value.End);
    }

    [Fact]
    public void Stopping_an_idle_relay_is_an_orderly_end_for_both_sides()
    {
        using var relay = new RelayFixture().Start();
        relay.OnLoop(() => relay.Client.Send([1]));
        relay.OnLoop(() => Assert.False(relay.Relay.IsIdleFor(TimeSpan.FromSeconds(1))));
        relay.Advance(TimeSpan.FromSeconds(1));
        relay.OnLoop(() => Assert.True(relay.Relay.IsIdleFor(TimeSpan.FromSeconds(1))));
        relay.OnLoop(relay.Relay.Stop);
        Assert.Equal(TcpEnd.Stopped, relay.Result!.Value.End);
        Assert.True(relay.Client.IsEnded && relay.Server.IsEnded);
    }

    [Fact]
    public void Stopping_a_relay_in_the_middle_of_something_is_a_reset()
    {
        using var relay = new RelayFixture().Start(serverReads: false);
        relay.OnLoop(() => relay.Client.Send(RelayTests.Bytes(1, 200_000)));
        relay.Advance(TimeSpan.FromSeconds(10));
        relay.OnLoop(() => Assert.False(relay.Relay.IsIdleFor(TimeSpan.FromSeconds(1))));
        relay.OnLoop(relay.Relay.Stop);
        relay.OnLoop(relay.Server.Read);
        Assert.Equal(TcpEnd.Stopped, relay.Result!.Value.End);
        Assert.True(relay.Server.IsReset);
    }

    [Fact]
    public void Bytes_put_back_before_the_relay_began_are_the_first_to_be_passed_on()
    {
        using var relay = new RelayFixture();
        relay.OnLoop(() =>
        {
            var slab = relay.Loop.Slabs.Rent();
            slab.TryAppend("GET "u8);
            relay.Downstream.PutBack(slab);
            relay.Client.Send([(byte)'/'], end: true);
        });
        relay.Start();
        Assert.Equal("GET /"u8.ToArray(), relay.Server.Received);
        Assert.True(relay.Server.IsEnded);
    }
}
