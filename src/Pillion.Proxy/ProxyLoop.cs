using System.Text;
using Pillion.Core.Overload;
using Pillion.Core.Signals;
using Pillion.Core.Signals.Metrics;
using Pillion.Core.Signals.Records;
using Pillion.Core.Signals.Watching;
using Pillion.Net;
using Pillion.Net.Detection;
using Pillion.Net.Http;
using Pillion.Net.Loop;
using Pillion.Net.Sockets;
using Pillion.Proxy.Forwarding;
using Pillion.Proxy.Listeners;
using Pillion.Proxy.Mirroring;
using Pillion.Proxy.Telemetry;

namespace Pillion.Proxy;

/// <summary>What the proxy keeps per loop and shares with no other: chance, ids, records, exchanges in reserve, the second's dates.</summary>
internal sealed class ProxyLoop
{
    private const int MaxFreeExchanges = 1024;

    private readonly Stack<Exchange> _free = new();
    private readonly byte[] _httpDate = new byte[29];
    private readonly ProxyRole _role;
    private readonly RequestWatchers _watchers;
    private readonly OverloadState _overload;
    private long _dateSecond = -1;
    private long _utcTicks;
    private long _utcMillis = -1;

    public ProxyLoop(ProxyRole role, EventLoop events, Network network, Random random, int loops)
    {
        _role = role;
        _watchers = role.Context.Watchers;
        _overload = role.Context.Overload;
        Overload = role.Context.Metrics.Overload(events.Index);
        Events = events;
        Network = network;
        Random = random;
        Records = new RecordRing(RecordRing.DefaultSuccesses / loops, RecordRing.DefaultFailures / loops);
        RandomBytes = new RandomBytes();
        Ids = new RequestIds(RandomBytes);
        Peers = new PeerCells(role.Context.Metrics, events.Index);
        ServersThatSpeakFirst = new DetectionMemory(events);
        Mirrors = new MirrorQueue(this);
    }

    public EventLoop Events { get; }

    public Network Network { get; }

    public int Index => Events.Index;

    public Random Random { get; }

    public RandomBytes RandomBytes { get; }

    public RequestIds Ids { get; }

    public RecordRing Records { get; }

    /// <summary>What this loop counts of callers that proved who they are.</summary>
    public PeerCells Peers { get; }

    public DetectionMemory ServersThatSpeakFirst { get; }

    /// <summary>Copies of requests on their way.</summary>
    public MirrorQueue Mirrors { get; }

    /// <summary>Downstream connections on this loop.</summary>
    public HashSet<DownstreamConnection> Connections { get; } = [];

    /// <summary>Bodies of answers that are being encoded or decoded now.</summary>
    public int Coders { get; set; }

    /// <summary>Wall clock, UTC ticks, read at most once in a millisecond of the loop: no log says more.</summary>
    public long UtcTicks
    {
        get
        {
            if (_utcMillis != Events.Millis)
            {
                _utcMillis = Events.Millis;
                _utcTicks = Events.Time.GetUtcNow().UtcTicks;
            }

            return _utcTicks;
        }
    }

    /// <summary>The Date field's value now (RFC 9110 §6.6.1), made once a second.</summary>
    public ReadOnlySpan<byte> HttpDate
    {
        get
        {
            var now = Events.Time.GetUtcNow();
            var second = now.UtcTicks / TimeSpan.TicksPerSecond;
            if (second != _dateSecond)
            {
                _dateSecond = second;
                Encoding.ASCII.GetBytes(now.ToString("R", System.Globalization.CultureInfo.InvariantCulture), _httpDate);
            }

            return _httpDate;
        }
    }

    /// <summary>Memory is short: copies of requests are not sent.</summary>
    public bool ShedsMirrors => _overload.Sheds(OverloadActions.Mirrors);

    /// <summary>Memory is short: no connection is taken on.</summary>
    public bool ShedsConnections => _overload.Sheds(OverloadActions.Connections);

    /// <summary>Memory is short: no request is taken on.</summary>
    public bool ShedsRequests => _overload.Sheds(OverloadActions.Requests);

    /// <summary>How short memory is, in words.</summary>
    public string OverloadCause => _overload.Cause;

    /// <summary>What this loop gave up.</summary>
    public OverloadMetrics Overload { get; }

    /// <summary>New requests on this listener are answered with Connection: close.</summary>
    public bool IsDraining(HttpSnapshot listener) => _role.IsDraining(listener) || _overload.Sheds(OverloadActions.IdleConnections);

    /// <summary>A connection to this address would come back to this sidecar.</summary>
    public bool IsOwnListener(PeerAddress address) => _role.OwnAddresses.Contains(address);

    public Exchange RentExchange() => _free.TryPop(out var exchange) ? exchange : new Exchange(this);

    public void Return(Exchange exchange)
    {
        if (_free.Count < MaxFreeExchanges)
        {
            _free.Push(exchange);
        }
    }

    /// <summary>A request has ended: those who look are shown it, before its record is anybody's.</summary>
    public void Ended(RequestRecord record, RequestHead? request, ResponseHead? response)
    {
        foreach (var watcher in _watchers.Open)
        {
            watcher.Ended(Index, record, request, response);
        }
    }

    /// <summary>A bug let an exception out: said once per kind, counted always.</summary>
    public void Unhandled(Exception exception) => _role.Unhandled(exception);
}
