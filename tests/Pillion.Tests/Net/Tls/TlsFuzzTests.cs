using Pillion.Net.InMemory;
using Pillion.Net.Loop;
using Pillion.Net.Memory;
using Pillion.Net.Tls;
using Xunit;

namespace Pillion.Tests.Net.Tls;

/// <summary>Bytes of handshakes and records are changed, lost, doubled and cut on their way, from fixed seeds: nothing crashes, nothing stays lent, nothing hangs.</summary>
public sealed class TlsFuzzTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Whatever_happens_to_the_bytes_each_side_comes_to_an_end(int seed)
    {
        var random = new Random(seed);
        using var contexts = new TlsFixture();
        var server = contexts.ServerContext(TlsHandshakeTests.Mutual with { ApplicationProtocols = ["h2"] });
        var clients = new[] { TlsVersions.Tls12, TlsVersions.Tls13 }
            .Select(version => contexts.ClientContext(TlsHandshakeTests.Known with { Max = version, ApplicationProtocols = ["h2"] })).ToArray();
        var (refused, survived) = (0, 0);
        for (var round = 0; round < 250; round++)
        {
            var (client, clientSide) = MemoryConnection.Pair(contexts.Loop, contexts.Loop);
            var (serverSide, wire) = MemoryConnection.Pair(contexts.Loop, contexts.Loop);
            Task<bool>? serving = null, asking = null;
            contexts.OnLoop(() =>
            {
                var damage = new Damage(random);
                _ = RelayAsync(clientSide, serverSide, damage);
                _ = RelayAsync(serverSide, clientSide, damage);
                serving = ServeAsync(wire, server);
                asking = AskAsync(client, clients[round % 2]);
            });
            contexts.Clock.Advance(Limit + Limit);
            contexts.Loop.RunUntilIdle();
            Assert.True(serving!.IsCompleted && asking!.IsCompleted, $"round {round} hangs");
            _ = serving.Result && asking.Result ? survived++ : refused++;
            contexts.OnLoop(() =>
            {
                clientSide.Close();
                serverSide.Close();
            });
            Assert.Equal(0, contexts.Loop.Slabs.Rented);
        }

        Assert.True(refused > 10 && survived > 10, $"{refused} refused, {survived} survived");
    }

    private static async Task<bool> ServeAsync(MemoryConnection wire, TlsServerContext context)
    {
        var result = await TlsHandshake.AcceptAsync(wire, context, Deadline.After(wire.Loop, Limit));
        if (result.Connection is not { } connection)
        {
            Assert.NotEqual(TlsRefusal.None, result.Refusal);
            Assert.NotEmpty(result.Cause!);
            Assert.True(wire.IsClosed);
            return false;
        }

        var deadline = Deadline.After(wire.Loop, Limit);
        var (received, bytes) = await TlsFixture.ReceiveAsync(connection, deadline: deadline);
        var isDone = received.Count > 0 && (await TlsFixture.SendAsync(connection, bytes, deadline)).IsOk;
        connection.Close();
        return isDone;
    }

    private static async Task<bool> AskAsync(MemoryConnection wire, TlsClientContext context)
    {
        var result = await TlsHandshake.ConnectAsync(wire, context, "server.test", Deadline.After(wire.Loop, Limit));
        if (result.Connection is not { } connection)
        {
            Assert.NotEqual(TlsRefusal.None, result.Refusal);
            Assert.NotEmpty(result.Cause!);
            Assert.True(wire.IsClosed);
            return false;
        }

        var deadline = Deadline.After(wire.Loop, Limit);
        var sent = await TlsFixture.SendAsync(connection, "question"u8.ToArray(), deadline);
        var (received, bytes) = await TlsFixture.ReceiveAsync(connection, deadline: deadline);
        connection.Close();
        if (!sent.IsOk || received.Count <= 0)
        {
            return false;
        }

        // What arrives is what was sent, or nothing does.
        Assert.Equal("question"u8.ToArray(), bytes);
        return true;
    }

    private static async Task RelayAsync(MemoryConnection from, MemoryConnection to, Damage damage)
    {
        while (true)
        {
            var slab = from.Loop.Slabs.Rent(SlabPool.Large);
            var received = await from.ReceiveAsync(slab);
            var bytes = slab.Filled.ToArray();
            from.Loop.Slabs.Return(slab);
            if (received.Count <= 0)
            {
                _ = received.IsOk ? await to.ShutdownAsync() : default;
                return;
            }

            var next = damage.Do(bytes);
            if (next is null)
            {
                from.Close();
                to.Close();
                return;
            }

            await TlsFixture.SendAsync(to, next);
        }
    }

    /// <summary>About one thing per connection, at about any place.</summary>
    private sealed class Damage(Random random)
    {
        private int _left = random.Next(8) == 0 ? 0 : 1;
        private int _skip = random.Next(5000);

        public byte[]? Do(byte[] bytes)
        {
            if (_left == 0 || _skip >= bytes.Length)
            {
                _skip -= bytes.Length;
                return bytes;
            }

            _left--;
            var at = _skip;
            switch (random.Next(7))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    return bytes;
                case 1:
                    bytes[at] = (byte)random.Next(256);
                    return bytes;
                case 2:
                    return bytes[..at];
                case 3:
                    return [.. bytes[..at], .. bytes[at..Math.Min(bytes.Length, at + random.Next(1, 50))], .. bytes[at..]];
                case 4:
                    return [.. bytes[..at], .. bytes[Math.Min(bytes.Length, at + random.Next(1, 50))..]];
                case 5:
                    var noise = new byte[random.Next(1, 300)];
                    random.NextBytes(noise);
                    return [.. bytes[..at], .. noise, .. bytes[at..]];
                default:
                    return null;
            }
        }
    }
}
