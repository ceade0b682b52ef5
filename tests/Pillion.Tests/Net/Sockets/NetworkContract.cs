using System.Net;
using System.Net.Sockets;
using Pillion.Net;
using Pillion.Net.Loop;
using Pillion.Net.Memory;
using Pillion.Net.Sockets;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Net.Sockets;

/// <summary>What every network must do, over loops on threads of their own and the system's clock.</summary>
public abstract class NetworkContract : IAsyncLifetime
{
    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Late = TimeSpan.FromSeconds(20);

    private readonly List<Connection> _connections = [];
    private readonly List<Listener> _listeners = [];
    private EventLoop _loop = null!;
    private EventLoop _otherLoop = null!;

    private protected Network Network { get; private set; } = null!;

    /// <summary>False where a peer's end is noticed only when the bytes before it are received.</summary>
    private protected virtual bool SeesAnEndBehindBytes => true;

    private protected static EndPoint AnyPort => new IPEndPoint(IPAddress.Loopback, 0);

    public ValueTask InitializeAsync()
    {
        Network = CreateNetwork();
        _loop = Network.CreateLoop(0, TimeProvider.System);
        _otherLoop = Network.CreateLoop(1, TimeProvider.System);
        _loop.Start();
        _otherLoop.Start();
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var connection in _connections)
        {
            await connection.Loop.RunAsync(() =>
            {
                connection.Close();
                return Task.CompletedTask;
            });
        }

        foreach (var listener in _listeners)
        {
            await listener.Loop.RunAsync(() =>
            {
                listener.Close();
                return Task.CompletedTask;
            });
        }

        _loop.StopAndDispose();
        _otherLoop.StopAndDispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public Task Bytes_that_are_sent_arrive_and_come_back() => _loop.RunAsync(async () =>
    {
        var (client, server) = await PairAsync(AnyPort);
        await SendAsync(client, "hello"u8.ToArray());
        Assert.Equal("hello"u8.ToArray(), await ReceiveAsync(server, 5));
        await SendAsync(server, "there"u8.ToArray());
        Assert.Equal("there"u8.ToArray(), await ReceiveAsync(client, 5));
    });

    [Fact]
    public Task The_ends_know_each_others_addresses() => _loop.RunAsync(async () =>
    {
        var listener = Listen(AnyPort);
        var (client, server) = await PairAsync(listener);
        Assert.Equal(((IPEndPoint)listener.LocalEndPoint).Port, client.Remote.Port);
        Assert.Equal(((IPEndPoint)listener.LocalEndPoint).Port, server.Local.Port);
        Assert.NotEqual(0, server.Remote.Port);
        Assert.True(server.Remote.IsLoopback);
    });

    [Fact]
    public async Task A_large_transfer_waits_for_its_reader_and_arrives_whole()
    {
        const int Total = 24 * 1024 * 1024;
        var (client, server) = await AcrossAsync();
        long sent = 0;
        var sending = _loop.RunAsync(async () =>
        {
            var slab = _loop.Slabs.Rent(SlabPool.Large);
            var value = 0;
            while (sent < Total)
            {
                while (slab.Free.Length > 0)
                {
                    slab.Free[0] = (byte)(value++ % 251);
                    slab.Advance(1);
                }

                var length = slab.Length;
                var result = await client.SendAsync(slab, length);
                Assert.True(result.IsOk, result.ToString());
                Assert.Equal(length, result.Count);
                sent += length;
            }

            _loop.Slabs.Return(slab);
            await client.ShutdownAsync();
        });

        // Nobody reads: the sender comes to a stop long before the end.
        await _loop.RunAsync(async () => await _loop.DelayAsync(TimeSpan.FromMilliseconds(100)));
        Assert.InRange(Interlocked.Read(ref sent), 0, Total - 1);
        Assert.False(sending.IsCompleted);

        var received = await _otherLoop.RunAsync(async () =>
        {
            var slab = _otherLoop.Slabs.Rent(SlabPool.Large);
            long total = 0;
            while (true)
            {
                var result = await server.ReceiveAsync(slab);
                Assert.True(result.IsOk, result.ToString());
                if (result.Count == 0)
                {
                    break;
                }

                foreach (var value in slab.Filled)
                {
                    if (value != (byte)(total % 251))
                    {
                        Assert.Fail($"byte {total} is {value}");
                    }

                    total++;
                }

                slab.Clear();
            }

            _otherLoop.Slabs.Return(slab);
            return total;
        });
        await sending;
        Assert.Equal(sent, received);
    }

    [Fact]
    public Task After_half_a_close_the_other_half_still_works() => _loop.RunAsync(async () =>
    {
        var (client, server) = await PairAsync(AnyPort);
        await SendAsync(client, "request"u8.ToArray());
        Assert.True((await client.ShutdownAsync()).IsOk);
        Assert.Equal("request"u8.ToArray(), await ReceiveAsync(server, 7));
        Assert.Equal(0, (await ReceiveOnceAsync(server)).Count);
        Assert.Equal(0, (await ReceiveOnceAsync(server)).Count);
        await SendAsync(server, "response"u8.ToArray());
        Assert.Equal("response"u8.ToArray(), await ReceiveAsync(client, 8));
        var result = await TrySendAsync(client, [1]);
        Assert.Equal(IoError.Reset, result.Error);
    });

    [Fact]
    public Task An_orderly_close_is_the_end_of_the_stream() => _loop.RunAsync(async () =>
    {
        var (client, server) = await PairAsync(AnyPort);
        await SendAsync(server, "bye"u8.ToArray());
        server.Close();
        Assert.Equal("bye"u8.ToArray(), await ReceiveAsync(client, 3));
        var end = await ReceiveOnceAsync(client);
        Assert.True(end.IsOk, end.ToString());
        Assert.Equal(0, end.Count);
    });

    [Fact]
    public Task A_close_while_receiving_is_orderly_for_the_peer() => _loop.RunAsync(async () =>
    {
        var (client, server) = await PairAsync(AnyPort);
        var receiving = ReceiveOnceAsync(server);
        server.Close();
        Assert.Equal(IoError.Closed, (await receiving).Error);
        var end = await ReceiveOnceAsync(client);
        Assert.True(end.IsOk, end.ToString());
    });

    [Fact]
    public Task An_abort_is_a_reset_and_stays_one() => _loop.RunAsync(async () =>
    {
        var (client, server) = await PairAsync(AnyPort);
        server.Abort();
        Assert.Equal(IoError.Reset, (await ReceiveOnceAsync(client)).Error);
        Assert.True((await client.WaitReadableAsync(Deadline.After(_loop, Late))).IsOk);
        Assert.Equal(IoError.Reset, (await ReceiveOnceAsync(client)).Error);
        Assert.Equal(IoError.Reset, (await TrySendAsync(client, [1])).Error);
        Assert.True(server.IsClosed);
    });

    [Fact]
    public Task A_close_with_unread_bytes_is_a_reset() => _loop.RunAsync(async () =>
    {
        var (client, server) = await PairAsync(AnyPort);
        await SendAsync(client, "unread"u8.ToArray());
        Assert.True((await server.WaitReadableAsync()).IsOk);
        server.Close();
        Assert.Equal(IoError.Reset, (await ReceiveOnceAsync(client)).Error);
    });

    [Fact]
    public Task Sending_to_a_closed_peer_fails_in_the_end() => _loop.RunAsync(async () =>
    {
        var (client, server) = await PairAsync(AnyPort);
        server.Close();
        var result = IoResult.Done(0);
        for (var i = 0; i < 1000 && result.IsOk; i++)
        {
            result = await TrySendAsync(client, [1]);
            await _loop.DelayAsync(TimeSpan.FromMilliseconds(1));
        }

        Assert.Equal(IoError.Reset, result.Error);
    });

    [Fact]
    public Task A_connect_to_nobody_is_refused() => _loop.RunAsync(async () =>
    {
        var listener = Listen(AnyPort);
        listener.Close();
        var result = await Network.ConnectAsync(_loop, listener.LocalEndPoint, Deadline.After(_loop, Late));
        Assert.Null(result.Connection);
        Assert.Equal(IoError.Refused, result.Error);
        Assert.Equal("connection refused", result.Describe());
    });

    [Fact]
    public Task A_connect_that_nobody_answers_times_out() => _loop.RunAsync(async () =>
    {
        using var hole = BlackHole(out var endPoint);
        var result = await Network.ConnectAsync(_loop, endPoint, Deadline.After(_loop, Soon));
        Assert.Equal(IoError.TimedOut, result.Error);
    });

    [Fact]
    public Task A_connect_can_be_cancelled() => _loop.RunAsync(async () =>
    {
        using var hole = BlackHole(out var endPoint);
        using var cancellation = new CancellationTokenSource();
        var connecting = Network.ConnectAsync(_loop, endPoint, Deadline.After(_loop, Late), cancellation.Token).AsTask();
        _otherLoop.Post(cancellation.Cancel);
        Assert.Equal(IoError.Cancelled, (await connecting).Error);
        Assert.Equal(IoError.Cancelled, (await Network.ConnectAsync(_loop, endPoint, default, cancellation.Token)).Error);
    });

    [Fact]
    public Task A_receive_times_out_and_the_connection_lives_on() => _loop.RunAsync(async () =>
    {
        var (client, server) = await PairAsync(AnyPort);
        Assert.Equal(IoError.TimedOut, (await ReceiveOnceAsync(server, Deadline.After(_loop, Soon))).Error);
        Assert.Equal(IoError.TimedOut, (await server.WaitReadableAsync(Deadline.After(_loop, Soon))).Error);
        await SendAsync(client, [7]);
        Assert.Equal([7], await ReceiveAsync(server, 1));
    });

    [Fact]
    public Task A_send_that_nobody_reads_times_out_and_the_rest_can_be_sent_later() => _loop.RunAsync(async () =>
    {
        var (client, server) = await PairAsync(AnyPort);
        var slab = _loop.Slabs.Rent(1024 * 1024);
        long expected = 0;
        IoResult result;
        do
        {
            slab.Clear();
            slab.Free.Fill(1);
            slab.Advance(slab.Capacity);
            expected += slab.Capacity;
            result = await client.SendAsync(slab, slab.Length, Deadline.After(_loop, Soon));
        }
        while (result.IsOk);

        Assert.Equal(IoError.TimedOut, result.Error);
        var sending = client.SendAsync(slab, slab.Length, Deadline.After(_loop, Late)).AsTask();
        var into = _loop.Slabs.Rent(SlabPool.Large);
        for (long received = 0; received < expected; received += into.Length)
        {
            into.Clear();
            var got = await server.ReceiveAsync(into, Deadline.After(_loop, Late));
            Assert.True(got.IsOk && got.Count > 0, got.ToString());
        }

        Assert.True((await sending).IsOk);
        _loop.Slabs.Return(into);
        _loop.Slabs.Return(slab);
    });

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public Task A_wait_can_be_cancelled(bool fromLoop) => _loop.RunAsync(async () =>
    {
        var (client, server) = await PairAsync(AnyPort);
        using var cancellation = new CancellationTokenSource();
        var receiving = ReceiveOnceAsync(server, default, cancellation.Token);
        (fromLoop ? _loop : _otherLoop).Post(cancellation.Cancel);
        Assert.Equal(IoError.Cancelled, (await receiving).Error);
        Assert.Equal(IoError.Cancelled, (await server.WaitReadableAsync(default, cancellation.Token)).Error);

        // What comes later is for whoever asks later.
        await SendAsync(client, [7]);
        Assert.Equal([7], await ReceiveAsync(server, 1));
    });

    [Fact]
    public Task A_token_of_an_earlier_wait_does_not_end_a_later_one() => _loop.RunAsync(async () =>
    {
        var (client, server) = await PairAsync(AnyPort);
        using var first = new CancellationTokenSource();
        var receiving = ReceiveOnceAsync(server, default, first.Token);
        await SendAsync(client, [1]);
        Assert.True((await receiving).IsOk);
        var second = ReceiveOnceAsync(server);
        first.Cancel();
        await _loop.DelayAsync(TimeSpan.FromMilliseconds(1));
        Assert.False(second.IsCompleted);
        await SendAsync(client, [2]);
        Assert.True((await second).IsOk);
    });

    [Fact]
    public Task A_deadline_can_move_in_either_direction() => _loop.RunAsync(async () =>
    {
        var (client, server) = await PairAsync(AnyPort);

        // Nearer: the timer of the first is still armed, far away.
        var first = ReceiveOnceAsync(server, Deadline.After(_loop, Late));
        await SendAsync(client, [1]);
        Assert.True((await first).IsOk);
        Assert.Equal(IoError.TimedOut, (await ReceiveOnceAsync(server, Deadline.After(_loop, Soon))).Error);

        // Farther, then none: the timer of the earlier one fires and must not end the later one.
        foreach (var deadline in new[] { Deadline.After(_loop, Late), Deadline.Never })
        {
            var near = ReceiveOnceAsync(server, Deadline.After(_loop, 4 * Soon));
            await SendAsync(client, [2]);
            Assert.True((await near).IsOk);
            var far = ReceiveOnceAsync(server, deadline);
            await _loop.DelayAsync(6 * Soon);
            Assert.False(far.IsCompleted);
            await SendAsync(client, [3]);
            Assert.True((await far).IsOk);
        }
    });

    [Fact]
    public Task A_close_ends_what_is_under_way() => _loop.RunAsync(async () =>
    {
        var (client, server) = await PairAsync(AnyPort);
        var receiving = ReceiveOnceAsync(client);
        var slab = _loop.Slabs.Rent(8 * 1024 * 1024);
        slab.Advance(slab.Capacity);
        var sending = client.SendAsync(slab, slab.Length).AsTask();
        Assert.False(sending.IsCompleted);
        client.Close();
        client.Close();
        Assert.Equal(IoError.Closed, (await receiving).Error);
        Assert.Equal(IoError.Closed, (await sending).Error);
        Assert.Equal(IoError.Closed, (await client.WaitReadableAsync()).Error);
        Assert.Equal(IoError.Closed, (await ReceiveOnceAsync(client)).Error);
        Assert.Equal(IoError.Closed, (await client.SendAsync(slab, slab.Length)).Error);
        Assert.Equal(IoError.Closed, (await client.ShutdownAsync()).Error);
        _loop.Slabs.Return(slab);

        var waiting = server.WaitReadableAsync().AsTask();
        server.Close();
        Assert.True((await waiting).Error is IoError.Closed or IoError.None);
    });

    [Fact]
    public Task A_connection_may_be_closed_by_the_code_that_it_wakes() => _loop.RunAsync(async () =>
    {
        var (client, server) = await PairAsync(AnyPort);
        var slab = _loop.Slabs.Rent(8 * 1024 * 1024);
        slab.Advance(slab.Capacity);
        var sending = server.SendAsync(slab, slab.Length).AsTask();
        var closing = CloseWhenReadableAsync();
        await SendAsync(client, [1]);
        await closing;
        Assert.Equal(IoError.Closed, (await sending).Error);
        _loop.Slabs.Return(slab);

        async Task CloseWhenReadableAsync()
        {
            await server.WaitReadableAsync();
            server.Close();
        }
    });

    [Fact]
    public Task Waiting_for_bytes_holds_no_buffer_and_fills_none_that_was_given_back() => _loop.RunAsync(async () =>
    {
        var (client, server) = await PairAsync(AnyPort);
        var slab = _loop.Slabs.Rent();
        Assert.Equal(IoError.TimedOut, (await server.ReceiveAsync(slab, Deadline.After(_loop, Soon))).Error);
        var waiting = server.WaitReadableAsync().AsTask();
        _loop.Slabs.Return(slab);
        Assert.Equal(0, _loop.Slabs.Rented);
        await SendAsync(client, [1, 2]);
        Assert.True((await waiting).IsOk);
        Assert.Equal(0, _loop.Slabs.Rented);
        Assert.True(slab.IsEmpty);
        Assert.Equal([1, 2], await ReceiveAsync(server, 2));
    });

    [Fact]
    public Task A_receive_without_room_is_a_mistake() => _loop.RunAsync(async () =>
    {
        var (_, server) = await PairAsync(AnyPort);
        var slab = _loop.Slabs.Rent();
        slab.Advance(slab.Capacity);
        Assert.Throws<InvalidOperationException>(() => { _ = server.ReceiveAsync(slab); });
        _loop.Slabs.Return(slab);
    });

    [Fact]
    public Task A_closed_listener_hands_out_what_had_arrived_and_frees_its_address() => _loop.RunAsync(async () =>
    {
        var listener = Listen(AnyPort);
        for (var i = 0; i < 3; i++)
        {
            Keep((await Network.ConnectAsync(_loop, listener.LocalEndPoint)).Connection!);
        }

        listener.Close();
        var again = await ListenSoonAsync(listener.LocalEndPoint);
        for (var i = 0; i < 3; i++)
        {
            var accepted = await listener.AcceptAsync();
            Assert.Equal(IoError.None, accepted.Error);
            Keep(accepted.Connection!);
        }

        Assert.Equal(IoError.Closed, (await listener.AcceptAsync()).Error);
        Assert.Equal(IoError.Closed, (await listener.AcceptAsync()).Error);
        await PairAsync(again);
    });

    [Fact]
    public Task A_close_ends_an_accept() => _loop.RunAsync(async () =>
    {
        var listener = Listen(AnyPort);
        var accepting = listener.AcceptAsync().AsTask();
        listener.Close();
        Assert.Equal(IoError.Closed, (await accepting).Error);
    });

    [Fact]
    public Task An_accept_can_be_cancelled_and_the_next_one_is_not() => _loop.RunAsync(async () =>
    {
        var listener = Listen(AnyPort);
        using var first = new CancellationTokenSource();
        var accepting = listener.AcceptAsync(first.Token).AsTask();
        _otherLoop.Post(first.Cancel);
        Assert.Equal(IoError.Cancelled, (await accepting).Error);
        Assert.Equal(IoError.Cancelled, (await listener.AcceptAsync(first.Token)).Error);

        using var second = new CancellationTokenSource();
        var next = listener.AcceptAsync(second.Token).AsTask();
        Keep((await Network.ConnectAsync(_loop, listener.LocalEndPoint)).Connection!);
        Keep((await next).Connection!);

        var last = listener.AcceptAsync().AsTask();
        second.Cancel();
        await _loop.DelayAsync(TimeSpan.FromMilliseconds(1));
        Assert.False(last.IsCompleted);
        listener.Close();
        Assert.Equal(IoError.Closed, (await last).Error);
    });

    [Fact]
    public Task An_address_in_use_is_refused_unless_it_is_shared() => _loop.RunAsync(() =>
    {
        var alone = Listen(AnyPort);
        Assert.Equal(IoError.AddressInUse, Network.Listen(_loop, alone.LocalEndPoint, shared: false).Error);
        Assert.Equal(IoError.AddressInUse, Network.Listen(_loop, alone.LocalEndPoint, shared: true).Error);
        var shared = Listen(AnyPort, shared: true);
        var second = Network.Listen(_otherLoop, shared.LocalEndPoint, shared: true);
        Assert.Equal(IoError.None, second.Error);
        _listeners.Add(second.Listener!);
        return Task.CompletedTask;
    });

    [Fact]
    public async Task A_shared_address_reaches_every_loop_that_accepts()
    {
        var first = await _loop.RunAsync(() => Task.FromResult(Listen(AnyPort, shared: true)));
        var second = await _otherLoop.RunAsync(() =>
        {
            var listener = Network.Listen(_otherLoop, first.LocalEndPoint, shared: true).Listener!;
            _listeners.Add(listener);
            return Task.FromResult(listener);
        });
        var accepted = new int[2];
        var accepting = new[] { _loop.RunAsync(() => AcceptAllAsync(first)), _otherLoop.RunAsync(() => AcceptAllAsync(second)) };
        await _loop.RunAsync(async () =>
        {
            for (var i = 0; i < 64; i++)
            {
                var connection = (await Network.ConnectAsync(_loop, first.LocalEndPoint)).Connection!;
                connection.Close();
            }

            first.Close();
        });
        await _otherLoop.RunAsync(() =>
        {
            second.Close();
            return Task.CompletedTask;
        });
        await Task.WhenAll(accepting);
        Assert.Equal(64, accepted.Sum());
        Assert.All(accepted, count => Assert.InRange(count, 1, 63));

        async Task AcceptAllAsync(Listener listener)
        {
            while (await listener.AcceptAsync() is { Connection: { } connection })
            {
                accepted[listener.Loop.Index]++;
                connection.Close();
            }
        }
    }

    [Fact]
    public Task IPv6_works_as_well() => _loop.RunAsync(async () =>
    {
        Assert.SkipUnless(Socket.OSSupportsIPv6, "no IPv6 here");
        var (client, server) = await PairAsync(new IPEndPoint(IPAddress.IPv6Loopback, 0));
        await SendAsync(client, [6]);
        Assert.Equal([6], await ReceiveAsync(server, 1));
        Assert.True(server.Remote.IsLoopback);
        Assert.False(server.Remote.IsV4);
    });

    [Fact]
    public Task A_unix_socket_works_as_well() => _loop.RunAsync(async () =>
    {
        var path = Path.Combine(Path.GetTempPath(), $"pillion-{Guid.NewGuid():N}.sock");
        try
        {
            var refused = await Network.ConnectAsync(_loop, new UnixDomainSocketEndPoint(path));
            Assert.Equal(IoError.Refused, refused.Error);
            var (client, server) = await PairAsync(new UnixDomainSocketEndPoint(path));
            Assert.True(server.Remote.IsUnix);
            Assert.True(client.Remote.IsUnix);
            await SendAsync(client, [9]);
            Assert.Equal([9], await ReceiveAsync(server, 1));
            Assert.Equal(IoError.AddressInUse, Network.Listen(_loop, new UnixDomainSocketEndPoint(path), shared: false).Error);
            client.Close();
            Assert.Equal(0, (await ReceiveOnceAsync(server)).Count);
        }
        finally
        {
            File.Delete(path);
        }
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task A_watcher_is_told_that_the_peer_left(bool isAbort) => _loop.RunAsync(async () =>
    {
        Assert.SkipUnless(isAbort || SeesAnEndBehindBytes, "the end lies behind bytes here");
        var (client, server) = await PairAsync(AnyPort);
        var watcher = new Watcher();
        server.Watcher = watcher;
        Leave(client, isAbort);
        Assert.Equal(isAbort, await watcher.Told);
        Assert.True(server.IsPeerClosed);
        Assert.Equal(1, watcher.Count);
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task A_watcher_that_comes_late_is_told_as_well(bool isAbort) => _loop.RunAsync(async () =>
    {
        Assert.SkipUnless(isAbort || SeesAnEndBehindBytes, "the end lies behind bytes here");
        var (client, server) = await PairAsync(AnyPort);
        Leave(client, isAbort);
        await _loop.DelayAsync(Soon);
        var watcher = new Watcher();
        server.Watcher = watcher;
        Assert.Equal(0, watcher.Count);
        Assert.Equal(isAbort, await watcher.Told);
    });

    [Fact]
    public Task A_watcher_is_not_told_what_a_receive_reports() => _loop.RunAsync(async () =>
    {
        var (client, server) = await PairAsync(AnyPort);
        var watcher = new Watcher();
        server.Watcher = watcher;
        var receiving = ReceiveOnceAsync(server);
        await client.ShutdownAsync();
        Assert.Equal(0, (await receiving).Count);
        await _loop.DelayAsync(Soon);
        Assert.Equal(0, watcher.Count);
    });

    [Fact]
    public Task A_watcher_is_told_of_an_end_that_came_with_the_last_bytes() => _loop.RunAsync(async () =>
    {
        var (client, server) = await PairAsync(AnyPort);
        var watcher = new Watcher();
        server.Watcher = watcher;
        var receiving = ReceiveOnceAsync(server);
        await SendAsync(client, [1]);
        client.Close();
        Assert.Equal(1, (await receiving).Count);
        Assert.False(await watcher.Told);
    });

    [Fact]
    public Task A_watcher_may_close_the_connection() => _loop.RunAsync(async () =>
    {
        var (client, server) = await PairAsync(AnyPort);
        var watcher = new Watcher { Closes = true };
        server.Watcher = watcher;
        Leave(client, isAbort: true);
        await watcher.Told;
        Assert.True(server.IsClosed);
    });

    [Fact]
    public async Task Two_connections_that_close_each_other_in_one_turn_do_no_harm()
    {
        await _loop.RunAsync(async () =>
        {
            var listener = Listen(AnyPort);
            for (var round = 0; round < 50; round++)
            {
                var one = await PairAsync(listener);
                var two = await PairAsync(listener);
                var woken = 0;
                var next = new TaskCompletionSource<Connection>();
                var first = CloseAsync(one.Server, two.Server);
                var second = CloseAsync(two.Server, one.Server);

                // Both have events before the loop looks again: whoever is first closes the other, and opens a new connection that may take its number.
                await SendAsync(one.Client, [1]);
                await SendAsync(two.Client, [1]);
                await first;
                await second;
                Assert.Equal(1, woken);
                var opened = await next.Task;
                Assert.False(opened.IsClosed);
                Assert.Equal(IoError.TimedOut, (await opened.WaitReadableAsync(Deadline.After(_loop, TimeSpan.FromMilliseconds(1)))).Error);
                one.Client.Close();
                two.Client.Close();
                opened.Close();
                Keep((await listener.AcceptAsync()).Connection!);

                async Task CloseAsync(Connection mine, Connection others)
                {
                    if ((await mine.WaitReadableAsync()).IsOk)
                    {
                        woken++;
                        others.Close();
                        mine.Close();
                        next.SetResult((await Network.ConnectAsync(_loop, listener.LocalEndPoint)).Connection!);
                    }
                }
            }
        });
    }

    private protected abstract Network CreateNetwork();

    /// <summary>An address to which a connect gets no answer.</summary>
    private protected abstract IDisposable? BlackHole(out EndPoint endPoint);

    private static void Leave(Connection connection, bool isAbort)
    {
        if (isAbort)
        {
            connection.Abort();
        }
        else
        {
            connection.Close();
        }
    }

    private protected Listener Listen(EndPoint endPoint, bool shared = false)
    {
        var result = Network.Listen(_loop, endPoint, shared);
        Assert.True(result.Error == IoError.None, result.Describe());
        _listeners.Add(result.Listener!);
        return result.Listener!;
    }

    // .NET's sockets give an address back when the accept that was under way has ended, which may be a moment after the close.
    private async ValueTask<Listener> ListenSoonAsync(EndPoint endPoint)
    {
        for (var attempt = 0; attempt < 200 && Network.Listen(_loop, endPoint, shared: false) is var result; attempt++)
        {
            if (result.Listener is { } listener)
            {
                _listeners.Add(listener);
                return listener;
            }

            await _loop.DelayAsync(TimeSpan.FromMilliseconds(10));
        }

        return Listen(endPoint);
    }

    private Task<(Connection Client, Connection Server)> PairAsync(EndPoint endPoint) => PairAsync(Listen(endPoint));

    private async Task<(Connection Client, Connection Server)> PairAsync(Listener listener)
    {
        var connected = await Network.ConnectAsync(_loop, listener.LocalEndPoint, Deadline.After(_loop, Late));
        Assert.True(connected.Error == IoError.None, connected.Describe());
        var accepted = await listener.AcceptAsync();
        Assert.Equal(IoError.None, accepted.Error);
        return (Keep(connected.Connection!), Keep(accepted.Connection!));
    }

    /// <summary>The client on one loop, the server on the other.</summary>
    private async Task<(Connection Client, Connection Server)> AcrossAsync()
    {
        var listener = Network.Listen(_otherLoop, AnyPort, shared: false).Listener!;
        _listeners.Add(listener);
        var accepting = _otherLoop.RunAsync(async () => (await listener.AcceptAsync()).Connection!);
        var client = await _loop.RunAsync(async () => (await Network.ConnectAsync(_loop, listener.LocalEndPoint)).Connection!);
        return (Keep(client), Keep(await accepting));
    }

    private Connection Keep(Connection connection)
    {
        _connections.Add(connection);
        return connection;
    }

    private static async Task SendAsync(Connection connection, byte[] bytes)
    {
        var result = await TrySendAsync(connection, bytes);
        Assert.True(result.IsOk, result.ToString());
        Assert.Equal(bytes.Length, result.Count);
    }

    private static async Task<IoResult> TrySendAsync(Connection connection, byte[] bytes)
    {
        var slab = connection.Loop.Slabs.Rent();
        Assert.True(slab.TryAppend(bytes));
        var result = await connection.SendAsync(slab, bytes.Length);
        connection.Loop.Slabs.Return(slab);
        return result;
    }

    private static async Task<byte[]> ReceiveAsync(Connection connection, int count)
    {
        var slab = connection.Loop.Slabs.Rent();
        while (slab.Length < count)
        {
            var result = await connection.ReceiveAsync(slab, Deadline.After(connection.Loop, Late));
            Assert.True(result.IsOk && result.Count > 0, result.ToString());
        }

        var bytes = slab.Filled.ToArray();
        connection.Loop.Slabs.Return(slab);
        return bytes;
    }

    private static async Task<IoResult> ReceiveOnceAsync(Connection connection, Deadline deadline = default, CancellationToken cancellationToken = default)
    {
        var slab = connection.Loop.Slabs.Rent();
        var result = await connection.ReceiveAsync(slab, deadline, cancellationToken);
        connection.Loop.Slabs.Return(slab);
        return result;
    }

    private sealed class Watcher : IPeerWatcher
    {
        private readonly TaskCompletionSource<bool> _told = new();

        public bool Closes { get; init; }

        public int Count { get; private set; }

        public Task<bool> Told => _told.Task.WaitAsync(Late);

        public void PeerClosed(Connection connection, bool isReset)
        {
            Count++;
            if (Closes)
            {
                connection.Close();
            }

            _told.TrySetResult(isReset);
        }
    }
}
