using System.Net;
using Pillion.Core.Configuration;
using Pillion.Net.InMemory;
using Pillion.Proxy.Configuration;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Proxy.Forwarding;

/// <summary>
/// Thousands of exchanges in which clients, upstreams, the clock and the configuration do whatever a seeded generator says. What must hold is
/// what the fixture checks at its end: no bug caught, nothing kept, every request told once.
/// </summary>
public sealed class RandomScheduleTests
{
    private static readonly string[] Requests =
    [
        "GET /a HTTP/1.1\r\nHost: a\r\n\r\n",
        "HEAD /a HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
        "POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\n\r\nabcdefghijkl",
        "PUT /b HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\nExpect: 100-continue\r\n\r\nabcdefghijkl",
        "PUT /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\nX: y\r\n\r\n",
        "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nfree",
        "GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET /a HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n",
        "BAD\r\n\r\n",
        "POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n",
        $"POST /big HTTP/1.1\r\nHost: a\r\nContent-Length: 70000\r\n\r\n{new string('x', 70_000)}",
    ];

    private static readonly string[] Answers =
    [
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n5\r\ndefgh\r\n0\r\nX: y\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\nuntil the end",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 503 No\r\nContent-Length: 2\r\n\r\nno",
        "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nbytes",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n2",
        "garbage\r\n\r\n",
        $"HTTP/1.1 200 OK\r\nContent-Length: 70000\r\n\r\n{new string('y', 70_000)}",
    ];

    private static readonly int[] PerReceive = [0, 0, 1, 3, 100];

    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 24)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Whatever_happens_nothing_is_lost(int seed)
    {
        var random = new Random(seed);
        var retry = random.Next(3) == 0
            ? null
            : new RetryConfig { On = (RetryOn)random.Next(128), StatusCodes = [503], Retries = random.Next(4), UnsafeMethods = random.Next(2) == 0, PerTryTimeout = TimeSpan.FromSeconds(random.Next(3)), MaxBodyBytes = random.Next(2) * 64 * 1024 };
        Run(seed, random, retry, mirrors: []);
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void With_tries_beside_each_other_and_copies_nothing_is_lost_either(int seed)
    {
        var random = new Random(1000 + seed);
        var retry = new RetryConfig
        {
            On = (RetryOn)random.Next(128),
            StatusCodes = [503],
            Retries = 1 + random.Next(4),
            UnsafeMethods = random.Next(2) == 0,
            PerTryTimeout = TimeSpan.FromMilliseconds(1 + random.Next(300)),
            PerTryIdleTimeout = TimeSpan.FromMilliseconds(random.Next(2) * 500),
            Hedge = true,
            Announces = random.Next(2) == 0,
            TellsClient = random.Next(2) == 0,
        };
        Run(seed, random, retry, [new() { Cluster = "app", Percent = random.Next(101), MaxBodyBytes = random.Next(2) * 128 * 1024 }]);
    }

    private static void Run(int seed, Random random, RetryConfig? retry, ValueList<MirrorConfig> mirrors)
    {
        using var proxy = new ProxyFixture(
            forward => forward with { Mirrors = mirrors },
            http: http => http with { RequestTimeout = TimeSpan.FromSeconds(random.Next(2) * 30), IdleTimeout = TimeSpan.FromMinutes(2) },
            retry: retry,
            bytesPerReceive: PerReceive[random.Next(PerReceive.Length)],
            seed: seed);
        proxy.Network.Capacity = 1 << random.Next(8, 17);
        var schedule = new Schedule(proxy, random);
        for (var step = 0; step < 400; step++)
        {
            schedule.Step();
        }

        proxy.Network.Faults = MemoryFaults.None;
        proxy.AdvanceSeconds(1);
        proxy.Stop();
        Assert.Equal(proxy.HttpMetrics.RequestsTotal, proxy.Records.Count);
        Assert.True(proxy.HttpMetrics.RequestsTotal > 20, $"{proxy.HttpMetrics.RequestsTotal} requests");
    }

    private sealed class Schedule(ProxyFixture proxy, Random random)
    {
        private readonly List<RawPeer> _clients = [];
        private readonly Dictionary<RawPeer, string> _rest = [];

        public void Step()
        {
            switch (random.Next(20))
            {
                case < 3:
                    _clients.Add(proxy.Connect(reads: random.Next(8) > 0));
                    Send(_clients[^1], Requests);
                    break;
                case < 6:
                    Act(Pick(_clients), Requests);
                    break;
                case < 14:
                    Act(Pick(proxy.Upstream.Connections), Answers);
                    break;
                case < 16:
                    proxy.Advance(TimeSpan.FromMilliseconds(random.Next(500)));
                    break;
                case 16:
                    proxy.AdvanceSeconds(random.Next(20));
                    break;
                case 17:
                    proxy.Upstream.DoesNotRead = random.Next(4) == 0;
                    proxy.Network.SetFaults(new IPEndPoint(IPAddress.Loopback, 8080), random.Next(6) switch
                    {
                        0 => new MemoryFaults { Refuse = true },
                        1 => new MemoryFaults { NeverAnswer = true },
                        2 => new MemoryFaults { ResetAfterClientBytes = random.Next(400) },
                        3 => new MemoryFaults { ResetAfterServerBytes = random.Next(400) },
                        _ => null,
                    });
                    break;
                case 18 when random.Next(4) == 0:
                    var config = ProxyFixture.Make(cluster: cluster => cluster with { ConnectTimeout = TimeSpan.FromSeconds(random.Next(1, 6)) });
                    Assert.Empty(proxy.Reload(config));
                    break;
                default:
                    Pick(_clients)?.Read();
                    break;
            }
        }

        private void Act(RawPeer? peer, string[] texts)
        {
            if (peer is null || peer.Connection.IsClosed)
            {
                return;
            }

            switch (random.Next(16))
            {
                case 0:
                    peer.End();
                    break;
                case 1:
                    peer.Close();
                    break;
                case 2:
                    peer.Reset();
                    break;
                case 3:
                    peer.Send(texts[random.Next(texts.Length)], end: true);
                    break;
                default:
                    Send(peer, texts);
                    break;
            }
        }

        // A message, its beginning, or the rest of what was begun.
        private void Send(RawPeer peer, string[] texts)
        {
            var text = _rest.Remove(peer, out var rest) ? rest : texts[random.Next(texts.Length)];
            if (random.Next(3) == 0)
            {
                var cut = random.Next(text.Length);
                _rest[peer] = text[cut..];
                text = text[..cut];
            }

            peer.Send(text);
        }

        private RawPeer? Pick(List<RawPeer> peers) => peers.Count == 0 ? null : peers[^Math.Min(peers.Count, 1 + random.Next(8))];
    }
}
