using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Pillion.Net.Loop;
using Pillion.Net.Memory;
using Pillion.Net.Sockets;
using Pillion.Net.Tls;
using Pillion.Net.Tls.OpenSsl;
using Xunit;

namespace Pillion.Tests.Net.Tls;

/// <summary>What TLS adds to a stream: records, messages of its own between them, and an end that cannot be forged.</summary>
public sealed class TlsConnectionTests
{
    [Theory]
    [InlineData(TlsVersions.Tls12, "TLSv1.2", "ECDHE-ECDSA-AES128-GCM-SHA256")]
    [InlineData(TlsVersions.Tls13, "TLSv1.3", "TLS_AES_128_GCM_SHA256")]
    internal void Bytes_go_both_ways_in_either_version(TlsVersions version, string name, string cipher)
    {
        using var tls = new TlsFixture().Shaken(client: TlsFixture.ClientSettings with { Max = version });
        tls.Send(tls.Client, "hello"u8.ToArray());
        Assert.Equal("hello"u8.ToArray(), tls.Receive(tls.Server));
        tls.Send(tls.Server, "there"u8.ToArray());
        Assert.Equal("there"u8.ToArray(), tls.Receive(tls.Client));
        Assert.Equal((name, cipher), (tls.Client.Tls.Version, tls.Client.Tls.Cipher));
        Assert.Equal((name, cipher), (tls.Server.Tls.Version, tls.Server.Tls.Cipher));
        Assert.Equal("server.test", tls.Server.Tls.ServerName);
        Assert.Equal("the server", tls.Client.Tls.PeerIdentity);
        Assert.Equal(TlsFixture.ServerLeaf.Certificate.RawData, tls.Client.Tls.Peer!.Der.ToArray());
        Assert.Equal(["spiffe://test/server"], tls.Client.Tls.Peer.UriNames);
        Assert.Null(tls.Server.Tls.Peer);
    }

    [Fact]
    public void Tickets_are_no_bytes_of_the_stream()
    {
        using var tls = new TlsFixture();
        var client = tls.ClientContext();
        tls.Shake(tls.ServerContext(), client);
        Assert.NotEqual(0, tls.ClientWire.BytesUnread);
        tls.OnLoop(() => Assert.False(tls.Client.HasUnread));
        Assert.Equal(0, tls.ClientWire.BytesUnread);
        Assert.Equal(0, tls.Loop.Slabs.Rented);
        Assert.Equal(1, client.SessionCount);
    }

    [Fact]
    public void A_wait_for_bytes_sleeps_through_tickets()
    {
        using var tls = new TlsFixture().Shaken();
        var waiting = tls.Begin(() => tls.Client.WaitReadableAsync());
        Assert.False(waiting.IsCompleted);
        Assert.Equal(0, tls.Loop.Slabs.Rented);
        tls.Send(tls.Server, [1]);
        Assert.True(waiting.Result.IsOk);
        tls.OnLoop(() => Assert.True(tls.Client.HasUnread));
        Assert.Equal([1], tls.Receive(tls.Client));
    }

    [Fact]
    public void Bytes_that_lie_decrypted_are_not_waited_for()
    {
        using var tls = new TlsFixture().Shaken();
        var bytes = new byte[60_000];
        new Random(3).NextBytes(bytes);
        tls.Send(tls.Client, bytes);
        var all = new List<byte>();
        while (all.Count < bytes.Length)
        {
            tls.OnLoop(() => Assert.True(tls.Server.HasUnread));
            Assert.True(tls.Begin(() => tls.Server.WaitReadableAsync()).IsCompleted);
            all.AddRange(tls.Receive(tls.Server, SlabPool.Small));
        }

        Assert.Equal(bytes, all);
        tls.OnLoop(() => Assert.False(tls.Server.HasUnread));
        Assert.Equal(0, tls.Loop.Slabs.Rented);
    }

    [Fact]
    public void Large_sends_leave_in_few_pieces()
    {
        using var tls = new TlsFixture(capacity: 1024 * 1024).Shaken(TlsFixture.ServerSettings with { Resumption = false });
        var before = tls.ClientWire.BytesSent;
        tls.Send(tls.Client, new byte[64 * 1024]);
        // Four records and the few bytes that their headers pushed out of the slab.
        Assert.InRange(tls.ClientWire.BytesSent - before, (64 * 1024) + (4 * 22), (64 * 1024) + (5 * 22));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void New_keys_in_the_middle_of_the_stream_are_no_bytes_of_it(bool wantsAnswer)
    {
        using var tls = new TlsFixture().Shaken();
        tls.OnLoop(() => Assert.False(tls.Client.HasUnread));
        for (var round = 0; round < 3; round++)
        {
            tls.OnLoop(() => Assert.Equal(1, SSL_key_update(EngineOf(tls.Client).Ssl, wantsAnswer ? 1 : 0)));
            Assert.True(tls.Run(() => FlushKeyUpdateAsync(tls.Client)).IsOk);
            var waiting = tls.Begin(() => tls.Server.WaitReadableAsync());
            Assert.False(waiting.IsCompleted);
            tls.Send(tls.Server, "with the old or the new"u8.ToArray());
            Assert.Equal("with the old or the new"u8.ToArray(), tls.Receive(tls.Client));
            tls.Send(tls.Client, "with the new"u8.ToArray());
            Assert.True(waiting.Result.IsOk);
            Assert.Equal("with the new"u8.ToArray(), tls.Receive(tls.Server));
        }
    }

    [Fact]
    public void The_end_is_told_by_close_notify_and_only_by_it()
    {
        using var tls = new TlsFixture().Shaken();
        tls.Send(tls.Client, "last"u8.ToArray());
        tls.Run(tls.Client.ShutdownAsync);
        Assert.Equal("last"u8.ToArray(), tls.Receive(tls.Server));
        Assert.Equal(0, tls.Run(() => TlsFixture.ReceiveAsync(tls.Server)).Result.Count);
        Assert.True(tls.Server.IsPeerClosed);

        using var cut = new TlsFixture().Shaken();
        cut.Send(cut.Client, "last"u8.ToArray());
        cut.Run(cut.ClientWire.ShutdownAsync);
        Assert.Equal("last"u8.ToArray(), cut.Receive(cut.Server));
        Assert.Equal(IoError.Reset, cut.Run(() => TlsFixture.ReceiveAsync(cut.Server)).Result.Error);
        Assert.Equal("the peer closed the connection without ending its stream (truncated)", cut.Server.Fault);

        // What this side still has to say arrives.
        Assert.True(cut.Send(cut.Server, "anyway"u8.ToArray()).IsOk);
        Assert.Equal("anyway"u8.ToArray(), cut.Receive(cut.Client));
    }

    [Fact]
    public void Bytes_and_the_end_in_one_piece_are_bytes_and_then_the_end()
    {
        using var tls = new TlsFixture().Shaken();
        tls.OnLoop(() =>
        {
            _ = TlsFixture.SendAsync(tls.Client, "last"u8.ToArray());
            _ = tls.Client.ShutdownAsync();
        });
        Assert.Equal("last"u8.ToArray(), tls.Receive(tls.Server));
        var end = tls.Begin(() => TlsFixture.ReceiveAsync(tls.Server));
        Assert.True(end.IsCompleted);
        Assert.Equal(0, end.Result.Result.Count);
    }

    [Fact]
    public void A_record_that_was_tampered_with_breaks_the_connection_and_is_answered_by_an_alert()
    {
        using var tls = new TlsFixture().Shaken();
        tls.OnLoop(() => Assert.False(tls.Client.HasUnread));
        tls.Send(tls.ClientWire, [23, 3, 3, 0, 32, .. new byte[32]]);
        Assert.Equal(IoError.Reset, tls.Run(() => TlsFixture.ReceiveAsync(tls.Server)).Result.Error);
        Assert.Equal("decryption failed or bad record mac", tls.Server.Fault);
        Assert.Equal(IoError.Reset, tls.Send(tls.Server, [1]).Error);
        Assert.Equal(IoError.Reset, tls.Run(() => TlsFixture.ReceiveAsync(tls.Client)).Result.Error);
        Assert.Equal("the peer refused with alert 20, 'bad record mac'", tls.Client.Fault);
    }

    [Fact]
    public void A_send_that_was_cut_short_by_its_deadline_goes_on_where_it_was()
    {
        using var tls = new TlsFixture(capacity: 10_000).Shaken();
        var bytes = new byte[30_000];
        new Random(4).NextBytes(bytes);
        var slab = tls.Loop.Slabs.Rent(bytes.Length);
        slab.TryAppend(bytes);
        var sending = tls.Begin(() => tls.Client.SendAsync(slab, slab.Length, Deadline.After(tls.Loop, TimeSpan.FromSeconds(1))));
        tls.Clock.Advance(TimeSpan.FromSeconds(2));
        tls.Loop.RunUntilIdle();
        Assert.Equal(IoError.TimedOut, sending.Result.Error);
        var receiving = tls.Begin(() => TlsFixture.ReceiveAllAsync(tls.Server, bytes.Length));
        Assert.True(tls.Run(() => tls.Client.SendAsync(slab, slab.Length)).IsOk);
        Assert.Equal(bytes, receiving.Result);
        tls.Loop.Slabs.Return(slab);
    }

    [Fact]
    public void A_close_in_the_middle_of_a_send_does_not_look_like_the_end()
    {
        using var tls = new TlsFixture(capacity: 10_000).Shaken();
        var sending = tls.Begin(() => TlsFixture.SendAsync(tls.Client, new byte[50_000]));
        tls.OnLoop(tls.Client.Close);
        Assert.Equal(IoError.Closed, sending.Result.Error);
        var (result, _) = tls.Run(() => TlsFixture.ReceiveAsync(tls.Server));
        while (result.IsOk)
        {
            Assert.NotEqual(0, result.Count);
            (result, _) = tls.Run(() => TlsFixture.ReceiveAsync(tls.Server));
        }

        Assert.Equal(IoError.Reset, result.Error);
    }

    [Fact]
    public void Both_directions_are_busy_at_once()
    {
        using var tls = new TlsFixture(capacity: 20_000).Shaken();
        var there = new byte[3_000_000];
        var back = new byte[2_000_000];
        new Random(5).NextBytes(there);
        new Random(6).NextBytes(back);
        var sent = tls.Begin(() => TlsFixture.SendAsync(tls.Client, there));
        var sentBack = tls.Begin(() => TlsFixture.SendAsync(tls.Server, back));
        var received = tls.Begin(() => TlsFixture.ReceiveAllAsync(tls.Server, there.Length));
        var receivedBack = tls.Begin(() => TlsFixture.ReceiveAllAsync(tls.Client, back.Length, SlabPool.Small));
        Assert.True(sent.Result.IsOk && sentBack.Result.IsOk);
        Assert.Equal(there, received.Result);
        Assert.Equal(back, receivedBack.Result);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_idle_connection_whose_peer_leaves_tells_its_watcher(bool isAbort)
    {
        using var tls = new TlsFixture().Shaken();
        var watcher = new Watcher();
        tls.OnLoop(() => tls.Server.Watcher = watcher);
        tls.OnLoop(isAbort ? tls.Client.Abort : tls.Client.Close);
        Assert.Equal([isAbort], watcher.Told);
        Assert.True(tls.Server.IsPeerClosed);
        tls.OnLoop(() => Assert.True(tls.Server.HasUnread));
    }

    [Fact]
    public void A_close_notify_without_the_end_of_the_connection_is_seen_as_well()
    {
        using var tls = new TlsFixture().Shaken();
        tls.OnLoop(() => Assert.False(tls.Client.HasUnread));
        tls.OnLoop(() =>
        {
            EngineOf(tls.Server).Shutdown();
            var output = EngineOf(tls.Server).TakeOutput()!;
            _ = tls.ServerWire.SendAsync(output, output.Length);
            tls.Loop.Slabs.Return(output);
        });
        Assert.False(tls.ClientWire.IsPeerClosed);
        tls.OnLoop(() => Assert.True(tls.Client.HasUnread));
        Assert.True(tls.Client.IsPeerClosed);
        Assert.Equal(0, tls.Run(() => TlsFixture.ReceiveAsync(tls.Client)).Result.Count);
    }

    [Fact]
    public void Bytes_that_were_put_back_come_first()
    {
        using var tls = new TlsFixture().Shaken();
        tls.Send(tls.Client, "what follows"u8.ToArray());
        tls.OnLoop(() =>
        {
            var slab = tls.Loop.Slabs.Rent();
            slab.TryAppend("first "u8);
            tls.Server.PutBack(slab);
        });
        Assert.Equal("first "u8.ToArray(), tls.Receive(tls.Server));
        Assert.Equal("what follows"u8.ToArray(), tls.Receive(tls.Server));
    }

    [Fact]
    public void A_handshake_whose_first_bytes_were_looked_at_and_put_back_works()
    {
        using var tls = new TlsFixture();
        var connecting = tls.Begin(() => TlsHandshake.ConnectAsync(tls.ClientWire, tls.ClientContext(), "server.test", default));
        tls.OnLoop(() =>
        {
            var slab = tls.Loop.Slabs.Rent();
            _ = tls.ServerWire.ReceiveAsync(slab);
            tls.ServerWire.PutBack(slab);
        });
        var accepted = tls.Run(() => TlsHandshake.AcceptAsync(tls.ServerWire, tls.ServerContext(), default));
        Assert.NotNull(accepted.Connection);
        Assert.NotNull(connecting.Result.Connection);
        tls.OnLoop(accepted.Connection.Close);
        tls.OnLoop(connecting.Result.Connection.Close);
    }

    // OpenSSL sends a KeyUpdate with the next write; a write of nothing is not one, so the handshake function does it.
    private static ValueTask<IoResult> FlushKeyUpdateAsync(TlsConnection connection)
    {
        var engine = EngineOf(connection);
        Assert.Equal(SslStatus.Done, engine.Handshake());
        var slab = connection.Loop.Slabs.Rent();
        var sending = connection.SendAsync(slab, 0);
        connection.Loop.Slabs.Return(slab);
        return sending;
    }

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_engine")]
    private static extern ref SslEngine EngineOf(TlsConnection connection);

    [DllImport("libssl.so.3")]
    private static extern int SSL_key_update(nint ssl, int wantsAnswer);

    private sealed class Watcher : IPeerWatcher
    {
        public List<bool> Told { get; } = [];

        public void PeerClosed(Connection connection, bool isReset) => Told.Add(isReset);
    }
}
