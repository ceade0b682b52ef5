using System.Diagnostics;
using System.Net;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Pillion.Core.Identity.Secrets;
using Pillion.Core.Signals.AccessLog;
using Pillion.Core.Signals.Metrics;
using Pillion.Core.Signals.Records;
using Pillion.Net.InMemory;
using Pillion.Net.Loop;
using Pillion.Proxy;

namespace Pillion.Policies;

/// <summary>
/// One configuration, running by itself on this thread: clients, proxy and application in one loop over the memory network, so that no system call and
/// no other thread blurs what a policy costs. The first lines of its file say what it is called and which fields its requests have.
/// </summary>
internal sealed class Policy
{
    public const int RequestsPerRound = 20_000;

    private const int Connections = 16;

    private readonly EventLoop _loop;
    private readonly AccessLogs _logs;
    private readonly List<double> _nanoseconds = [];
    private readonly Client[] _clients;
    private long _bytes;
    private long _requests;

    private Policy(string file)
    {
        Name = Path.GetFileNameWithoutExtension(file);
        var lines = File.ReadAllLines(file);
        Title = lines[0].TrimStart('#', ' ');
        var fields = string.Concat(lines.Where(line => line.StartsWith("# > ", StringComparison.Ordinal)).Select(line => line[4..] + "\r\n"));
        var network = new MemoryNetwork();
        _loop = network.CreateLoop(0, TimeProvider.System);
        var metrics = new MetricRegistry(1, TimeProvider.System);
        _logs = new AccessLogs(1, metrics, NullLogger.Instance);
        _logs.Start();
        var secrets = new SecretStore(metrics, TimeProvider.System, NullLogger.Instance);
        var role = new ProxyRole(new ProxyContext
        {
            Network = network,
            Loops = [_loop],
            Metrics = metrics,
            AccessLogs = _logs,
            Records = new RequestRecords(TimeProvider.System),
            Secrets = secrets,
            Resolver = null!,
            Time = TimeProvider.System,
            Random = new Random(1),
            Logger = NullLogger.Instance,
        });
        var (config, errors) = PillionConfig.Load(file, _ => null);
        if (config is null)
        {
            throw new InvalidDataException(string.Join('\n', errors));
        }

        _loop.Post(() => Application.Start(network, _loop, new IPEndPoint(IPAddress.Loopback, 8080)));
        _loop.RunUntilIdle();
        var preparing = role.PrepareAsync(config.Proxy, default);
        while (!preparing.IsCompleted)
        {
            _loop.RunUntilIdle();
            Thread.Sleep(1);
        }

        var prepared = preparing.Result;
        if (prepared.Mistakes.Count > 0)
        {
            throw new InvalidDataException(string.Join('\n', prepared.Mistakes));
        }

        prepared.Commit();
        _loop.RunUntilIdle();
        var request = Encoding.ASCII.GetBytes($"GET /orders/17?full=1 HTTP/1.1\r\nHost: orders\r\nUser-Agent: policies\r\nAccept: */*\r\n{fields}\r\n");
        _clients = [.. Enumerable.Range(0, Connections).Select(_ => new Client(network, _loop, new IPEndPoint(IPAddress.Loopback, 15006), request))];
    }

    public string Name { get; }

    public string Title { get; }

    /// <summary>Of the fastest round: what disturbs a measurement only ever adds to it.</summary>
    public double Nanoseconds => _nanoseconds.Min();

    public double BytesPerRequest => (double)_bytes / _requests;

    public static Policy Load(string file) => new(file);

    public void Run(int requests)
    {
        Client.Left = requests;
        _loop.Post(() =>
        {
            foreach (var client in _clients)
            {
                client.Begin();
            }
        });
        _loop.RunUntilIdle();
        if (Client.Left > 0)
        {
            throw new InvalidOperationException($"{Name}: {Client.Left} requests were not answered");
        }
    }

    public void Measure()
    {
        var bytes = GC.GetAllocatedBytesForCurrentThread();
        var start = Stopwatch.GetTimestamp();
        Run(RequestsPerRound);
        _nanoseconds.Add(Stopwatch.GetElapsedTime(start).TotalNanoseconds / RequestsPerRound);
        _bytes += GC.GetAllocatedBytesForCurrentThread() - bytes;
        _requests += RequestsPerRound;
    }
}
