using Pillion.Net.Linux;
using Pillion.Proxy.Tcp;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Proxy.Tcp;

/// <summary>Where a kernel differs from a memory network: its own buffers, splicing, resets and what they leave behind.</summary>
public sealed class KernelRelayTests : IAsyncLifetime
{
    private readonly KernelRelayFixture _relay = new();

    public async ValueTask InitializeAsync() => await _relay.StartAsync();

    public ValueTask DisposeAsync() => _relay.DisposeAsync();

    [Fact]
    public Task Much_arrives_in_order_in_both_directions_at_once() => MoveMuchAsync(_relay);

    [Fact]
    public async Task Sockets_of_the_runtime_work_as_well()
    {
        await using var portable = new KernelRelayFixture(portable: true);
        await portable.StartAsync();
        await MoveMuchAsync(portable);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_side_that_has_ended_its_half_still_gets_everything(bool clientFirst)
    {
        var (client, server) = await _relay.ConnectAsync();
        var (first, second) = clientFirst ? (client, server) : (server, client);
        await ReadAsync(client, server);
        await _relay.OutsideAsync(() => first.Send([1, 2, 3], end: true));
        await Eventually.IsAsync(() => second.IsEnded);
        await _relay.OutsideAsync(() => second.Send(RelayTests.Bytes(1, 5_000_000), end: true));
        await Eventually.IsAsync(() => first.IsEnded);
        Assert.Equal(RelayTests.Bytes(1, 5_000_000), first.Received);
        await Eventually.IsAsync(() => _relay.Ended == 1);
        Assert.Equal(clientFirst ? TcpEnd.ClientClosed : TcpEnd.UpstreamClosed, _relay.Results[0].End);
    }

    [Theory]
    [InlineData(true, 3)]
    [InlineData(false, 3)]
    [InlineData(true, 4_000_000)]
    [InlineData(false, 4_000_000)]
    public async Task A_reset_on_one_side_becomes_a_reset_on_the_other(bool byClient, int bytesBefore)
    {
        var (client, server) = await _relay.ConnectAsync();
        var (one, other) = byClient ? (client, server) : (server, client);
        await ReadAsync(client, server);
        await _relay.OutsideAsync(() => one.Send(RelayTests.Bytes(1, bytesBefore)));
        await Eventually.IsAsync(() => other.BytesReceived == bytesBefore);
        await _relay.OutsideAsync(one.Connection.Abort);
        await Eventually.IsAsync(() => other.IsReset);
        await Eventually.IsAsync(() => _relay.Ended == 1);
        Assert.Equal(byClient ? TcpEnd.ResetByClient : TcpEnd.ResetByUpstream, _relay.Results[0].End);
    }

    [Fact]
    public async Task A_slow_reader_holds_back_the_sender()
    {
        var (client, server) = await _relay.ConnectAsync();

        // More than the buffers of four sockets can ever grow to.
        var bytes = RelayTests.Bytes(1, 120_000_000);
        await _relay.OutsideAsync(() => client.Send(bytes, end: true));

        // Still is when nothing has come for a while; what the kernel's own buffers hold is its affair.
        await StillAsync(() => Volatile.Read(ref _relay.Metrics.BytesReceived));
        Assert.True(client.IsSending);
        Assert.InRange(_relay.Metrics.BytesReceived - _relay.ClusterMetrics.BytesSent, 0, 512 * 1024);
        Assert.Equal(1, _relay.SlabsRented + _relay.PipesLent);
        await ReadAsync(client, server);
        await Eventually.IsAsync(() => server.IsEnded);
        Assert.Equal(bytes, server.Received);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_client_that_is_gone_ends_an_upstream_that_sends(bool reads)
    {
        var (client, server) = await _relay.ConnectAsync();
        await ReadAsync(server);
        if (reads)
        {
            await ReadAsync(client);
        }

        await _relay.OutsideAsync(() => server.Send(RelayTests.Bytes(1, 30_000_000)));
        await Eventually.IsAsync(() => Volatile.Read(ref _relay.Metrics.BytesSent) > 2_000_000);
        await _relay.OutsideAsync(client.Connection.Close);
        await Eventually.IsAsync(() => _relay.Ended == 1 && !server.IsSending);
        Assert.Equal(TcpEnd.ResetByClient, _relay.Results[0].End);
        Assert.True(server.IsReset || server.Connection.IsPeerClosed);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_answer_reaches_a_client_that_is_still_sending(bool inOrder)
    {
        var (client, server) = await _relay.ConnectAsync();
        await ReadAsync(client);
        await _relay.OutsideAsync(() => client.Send(RelayTests.Bytes(1, 50_000_000)));
        await Eventually.IsAsync(() => Volatile.Read(ref _relay.ClusterMetrics.BytesSent) > 2_000_000);
        await _relay.OutsideAsync(() =>
        {
            server.Send([4, 1, 3], end: inOrder);

            // With bytes unread the kernel closes with a reset.
            server.Connection.Close();
        });
        await Eventually.IsAsync(() => _relay.Ended == 1);
        await Eventually.IsAsync(() => client.BytesReceived == 3);
        Assert.Equal(TcpEnd.ResetByUpstream, _relay.Results[0].End);
    }

    [Fact]
    public async Task Many_connections_do_not_mix_up()
    {
        const int Count = 200;
        var random = new Random(5);
        var sizes = Enumerable.Range(0, Count).Select(i => random.Next(i % 20 == 0 ? 3_000_000 : 50_000)).ToArray();
        var pairs = new List<(TcpPeer Client, TcpPeer Server)>();
        for (var i = 0; i < Count; i++)
        {
            pairs.Add(await _relay.ConnectAsync());
        }

        await _relay.OutsideAsync(() =>
        {
            for (var i = 0; i < Count; i++)
            {
                pairs[i].Client.Read();
                pairs[i].Server.Read();
                pairs[i].Client.Send(RelayTests.Bytes(i, sizes[i]), end: true);
                pairs[i].Server.Send(RelayTests.Bytes(-i, sizes[^(i + 1)]), end: true);
            }
        });
        await Eventually.IsAsync(() => _relay.Ended == Count);
        await Eventually.IsAsync(() => pairs.TrueForAll(pair => pair.Client.IsEnded && pair.Server.IsEnded));
        for (var i = 0; i < Count; i++)
        {
            Assert.Equal(RelayTests.Bytes(i, sizes[i]), pairs[i].Server.Received);
            Assert.Equal(RelayTests.Bytes(-i, sizes[^(i + 1)]), pairs[i].Client.Received);
        }
    }

    [Fact]
    public async Task More_slow_readers_than_there_are_pipes_get_everything_as_well()
    {
        const int Count = 40;
        const int Size = 10_000_000;
        var bytes = RelayTests.Bytes(7, Size);
        var pairs = new List<(TcpPeer Client, TcpPeer Server)>();
        for (var i = 0; i < Count; i++)
        {
            var pair = await _relay.ConnectAsync();
            pairs.Add(pair);
            await _relay.OutsideAsync(() => pair.Client.Send(bytes, end: true));
        }

        await StillAsync(() => Volatile.Read(ref _relay.Metrics.BytesReceived));
        Assert.InRange(_relay.PipesLent, 1, SplicePipes.MaxLent);
        Assert.InRange(_relay.SlabsRented, 0, Count);
        await _relay.OutsideAsync(() => pairs.ForEach(pair => pair.Server.Read()));
        await Eventually.IsAsync(() => pairs.TrueForAll(pair => pair.Server.IsEnded));
        Assert.All(pairs, pair => Assert.True(pair.Server.Received.AsSpan().SequenceEqual(bytes)));
    }

    [Fact]
    public async Task A_copied_chunk_allocates_nothing()
    {
        // Once both connections are there: in debug builds the state machines are classes, made with them.
        var (client, server) = await _relay.ConnectAsync();
        await ReadAsync(client, server);
        await MoveAsync(60_000_000);
        await MoveAsync(1000);
        var rounds = new List<long>();
        while (rounds.Count < 4 && !rounds.Contains(0))
        {
            // The first question's own objects are in the first figure.
            var before = await _relay.AllocatedAsync();
            await MoveAsync(20_000_000);
            for (var i = 0; i < 200; i++)
            {
                await MoveAsync(100);
            }

            rounds.Add(await _relay.AllocatedAsync() - before);
        }

        Assert.True(rounds.Contains(0), $"{string.Join(", ", rounds)} bytes");

        async Task MoveAsync(int count)
        {
            var (there, back) = (server.BytesReceived + count, client.BytesReceived + count);
            await _relay.OutsideAsync(() =>
            {
                client.Send(new byte[count]);
                server.Send(new byte[count]);
            });
            await Eventually.IsAsync(() => server.BytesReceived == there && client.BytesReceived == back);
        }
    }

    private static async Task MoveMuchAsync(KernelRelayFixture relay)
    {
        var (client, server) = await relay.ConnectAsync();
        var request = RelayTests.Bytes(1, 30_000_000);
        var answer = RelayTests.Bytes(2, 40_000_017);
        await relay.OutsideAsync(() =>
        {
            client.Read();
            server.Read();
            client.Send(request, end: true);
            server.Send(answer, end: true);
        });
        await Eventually.IsAsync(() => client.IsEnded && server.IsEnded);
        Assert.Equal(request, server.Received);
        Assert.Equal(answer, client.Received);
        await Eventually.IsAsync(() => relay.Ended == 1);
        Assert.Equal((request.Length, answer.Length), (relay.Results[0].FromClient, relay.Results[0].ToClient));
        Assert.True(relay.Results[0].End is TcpEnd.ClientClosed or TcpEnd.UpstreamClosed);
        Assert.Equal((request.Length, answer.Length), (relay.ClusterMetrics.BytesSent, relay.ClusterMetrics.BytesReceived));
    }

    private async Task ReadAsync(params TcpPeer[] peers) => await _relay.OutsideAsync(() => Array.ForEach(peers, peer => peer.Read()));

    // Two equal looks, with time for the loops between them.
    private async Task StillAsync(Func<long> value)
    {
        var before = -1L;
        while (before != value())
        {
            before = value();
            await _relay.Outside.RunAsync(async () => await _relay.Outside.DelayAsync(TimeSpan.FromMilliseconds(300)));
        }
    }
}
