using System.Net;
using System.Net.Sockets;
using System.Text;
using Pillion.Core.Signals.AccessLog;
using Pillion.Core.Signals.Metrics;
using Pillion.Core.Signals.Records;
using Pillion.Net;
using Pillion.Net.Linux;
using Pillion.Net.Loop;
using Pillion.Proxy;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Proxy.Upstreams.Circuits;

/// <summary>Limits under real threads: several loops, real sockets, clients and an upstream that end as they like.</summary>
public sealed class SeveralLoopsTests : IDisposable
{
    private const int Most = 3;

    private readonly EpollNetwork _network = new();
    private readonly EventLoop[] _loops;
    private readonly CollectedLogger _logger = new();
    private readonly AccessLogs _logs;
    private readonly ProxyRole _role;
    private readonly TcpListener _upstream = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private int _open;
    private int _highest;

    public SeveralLoopsTests()
    {
        _loops = [_network.CreateLoop(0, TimeProvider.System), _network.CreateLoop(1, TimeProvider.System)];
        var metrics = new MetricRegistry(2, TimeProvider.System);
        _logs = new AccessLogs(2, metrics, _logger, open: _ => new MemoryLines());
        _role = new ProxyRole(new ProxyContext
        {
            Network = _network,
            Loops = _loops,
            Metrics = metrics,
            AccessLogs = _logs,
            Records = new RequestRecords(TimeProvider.System),
            Secrets = new Pillion.Core.Identity.Secrets.SecretStore(metrics, TimeProvider.System, _logger),
            Resolver = null!,
            Time = TimeProvider.System,
            Random = new Random(1),
            Logger = _logger,
        });
        foreach (var loop in _loops)
        {
            loop.Start();
        }
    }

    public void Dispose()
    {
        _stop.Cancel();
        _upstream.Dispose();
        foreach (var loop in _loops)
        {
            loop.Stop();
            Assert.True(loop.Join(TimeSpan.FromSeconds(10)));
        }

        _logs.Dispose();
        _stop.Dispose();
    }

    [Fact]
    public async Task Two_loops_never_have_more_connections_than_the_limit_and_give_everything_back()
    {
        _upstream.Start();
        var accepting = AcceptAsync();
        var config = ProxyFixture.Make(
            cluster: cluster => cluster with
            {
                Endpoints = [ProxyFixture.Endpoint(((IPEndPoint)_upstream.LocalEndpoint).Port)],
                DefaultCircuits = new() { MaxConnections = new(Most), MaxPending = new(6), MaxRequests = new(Most), QueueTimeout = TimeSpan.FromMilliseconds(200) },
            },
            listener: listener => listener with { Address = new Address("127.0.0.1", 0) });
        var prepared = await _role.PrepareAsync(config, TestContext.Current.CancellationToken);
        Assert.Empty(prepared.Mistakes);
        prepared.Commit();
        var limits = _role.Live.Clusters["app"].Breakers.Default.Limits;
        var port = ((IPEndPoint)_role.Live.Listeners[0].Bound.EndPoint).Port;

        var answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(seed => Task.Run(() => AskAsync(port, seed))));

        Assert.True(answers.Sum(counts => counts.Ok) > 100, "hardly anybody was served");
        await Eventually.IsAsync(() => (limits.Pending.Active, limits.Requests.Active, _role.Live.Clusters["app"].Breakers.Default.Queue.Count) == (0, 0, 0));
        Assert.InRange(limits.Connections.Active, 0, Most);
        await _role.StopAsync(TestContext.Current.CancellationToken);
        await Eventually.IsAsync(() => limits.Connections.Active == 0);

        // The upstream may see the next one before it sees the end of the last.
        Assert.InRange(_highest, 1, 2 * Most);
        Assert.Empty(_logger.Errors);
        _stop.Cancel();
        _upstream.Stop();
        await accepting;
    }

    // Some leave before their answer, some in the middle of their connection.
    private static async Task<(int Ok, int Refused)> AskAsync(int port, int seed)
    {
        var random = new Random(seed);
        var (ok, refused) = (0, 0);
        var buffer = new byte[4096];
        for (var connection = 0; connection < 12; connection++)
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, port);
            var stream = client.GetStream();
            for (var request = 0; request < 10 && client.Connected; request++)
            {
                await stream.WriteAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n"u8.ToArray());
                if (random.Next(8) == 0)
                {
                    client.Client.LingerState = new LingerOption(true, 0);
                    break;
                }

                var count = await stream.ReadAsync(buffer);
                var answer = Encoding.ASCII.GetString(buffer, 0, count);
                ok += answer.StartsWith("HTTP/1.1 200 ", StringComparison.Ordinal) ? 1 : 0;
                refused += answer.StartsWith("HTTP/1.1 503 ", StringComparison.Ordinal) ? 1 : 0;
                if (count == 0)
                {
                    break;
                }
            }
        }

        return (ok, refused);
    }

    private async Task AcceptAsync()
    {
        var random = new Random(99);
        var served = new List<Task>();
        try
        {
            while (true)
            {
                var client = await _upstream.AcceptTcpClientAsync(_stop.Token);
                served.Add(ServeAsync(client, random.Next()));
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(served);
        }
    }

    private async Task ServeAsync(TcpClient client, int seed)
    {
        var open = Interlocked.Increment(ref _open);
        for (var seen = Volatile.Read(ref _highest); open > seen && Interlocked.CompareExchange(ref _highest, open, seen) != seen; seen = Volatile.Read(ref _highest))
        {
        }

        var random = new Random(seed);
        using (client)
        {
            try
            {
                var stream = client.GetStream();
                var buffer = new byte[4096];
                while (await stream.ReadAsync(buffer, _stop.Token) > 0 && random.Next(20) > 0)
                {
                    if (random.Next(4) == 0)
                    {
                        await Task.Yield();
                    }

                    await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"u8.ToArray(), _stop.Token);
                }
            }
            catch (Exception exception) when (exception is IOException or OperationCanceledException)
            {
                // The proxy closed it, or the test is over.
            }
        }

        Interlocked.Decrement(ref _open);
    }
}
