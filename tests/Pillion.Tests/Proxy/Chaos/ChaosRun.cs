using System.Net;
using Pillion.Net.Memory;
using Pillion.Net.Sockets;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Proxy.Chaos;

/// <summary>
/// A client that asks fifty times a second for as long as the endpoints go through their moods, all in simulated time and from a seed: what one policy
/// does to the errors it sees can be compared with what another does, to the request.
/// </summary>
internal sealed class ChaosRun
{
    private const int Endpoints = 6;
    private const int Seed = 17;
    private static readonly TimeSpan Length = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(20);

    // A client that had to wait so long has given up.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly SlabPool _slabs = new();
    private readonly List<double> _millis = [];
    private readonly ProxyFixture _fixture;
    private int _underWay;

    private ChaosRun(ProxyFixture fixture) => _fixture = fixture;

    public int Requests { get; private set; }

    public int Errors { get; private set; }

    public double ErrorPercent => 100.0 * Errors / Requests;

    /// <summary>Requests that the endpoints got, retries and checks included, for each that the client sent.</summary>
    public double Amplification { get; private set; }

    /// <summary>Of all requests, those that failed included.</summary>
    public double Percentile(double share)
    {
        _millis.Sort();
        return _millis[(int)Math.Min(_millis.Count - 1, share * _millis.Count)];
    }

    /// <param name="service">Settings of the service, as they stand in Pillion's own file below <c>outbound.services.orders</c>.</param>
    public static ChaosRun Of(string service)
    {
        var endpoints = string.Join(", ", Enumerable.Range(9001, Endpoints).Select(port => $"\"127.0.0.1:{port}\""));
        var yaml = $"inbound: off\naccess_log: off\noutbound:\n  services:\n    orders:\n      endpoints: [{endpoints}]\n      listen: 127.0.0.1:15002\n"
            + string.Concat(service.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => $"      {line}\n"));
        var (config, errors) = PillionConfig.Parse(yaml, "chaos.yaml", _ => null);
        Assert.Empty(errors);
        using var fixture = new ProxyFixture();
        Assert.Empty(fixture.Reload(config!.Proxy));
        var run = new ChaosRun(fixture);
        run.Run();
        return run;
    }

    private void Run()
    {
        MoodyEndpoint[] endpoints = [];
        _fixture.OnLoop(() => endpoints = [.. Enumerable.Range(0, Endpoints).Select(i => new MoodyEndpoint(_fixture, 9001 + i, _slabs, Length, Seed + i))]);
        var started = _fixture.Clock.GetUtcNow();
        for (var now = TimeSpan.Zero; now < Length; now += Step)
        {
            _fixture.OnLoop(() =>
            {
                foreach (var endpoint in endpoints)
                {
                    endpoint.At(now);
                }

                _ = AskAsync();
            });
            _fixture.Advance(Step);
        }

        while (_underWay > 0)
        {
            _fixture.Advance(TimeSpan.FromSeconds(1));
        }

        Amplification = (double)_fixture.Metrics.Cluster("orders", 0).RequestsTotal / Requests;
        _fixture.OnLoop(() => Array.ForEach(endpoints, endpoint => endpoint.Die()));
        _fixture.Stop();
    }

    private async Task AskAsync()
    {
        Requests++;
        _underWay++;
        var start = _fixture.Loop.Millis;
        var isGood = await ExchangeAsync();
        _underWay--;
        Errors += isGood ? 0 : 1;
        _millis.Add(_fixture.Loop.Millis - start);
    }

    private async Task<bool> ExchangeAsync()
    {
        var connected = await _fixture.Network.ConnectAsync(_fixture.Loop, new IPEndPoint(IPAddress.Loopback, 15002), default, default);
        if (connected.Connection is not { } connection)
        {
            return false;
        }

        var deadline = Pillion.Net.Loop.Deadline.After(_fixture.Loop, Patience);
        var slab = _slabs.Rent();
        slab.TryAppend("GET / HTTP/1.1\r\nHost: orders\r\nConnection: close\r\n\r\n"u8);
        await connection.SendAsync(slab, slab.Length);
        slab.Clear();
        IoResult result;
        do
        {
            result = await connection.ReceiveAsync(slab, deadline);
        }
        while (result is { IsOk: true, Count: > 0 } && !slab.Filled.EndsWith("0123456789"u8));

        var isGood = slab.Filled.StartsWith("HTTP/1.1 200 "u8) && slab.Filled.EndsWith("0123456789"u8);
        _slabs.Return(slab);
        connection.Close();
        return isGood;
    }
}
