using System.Net;
using Pillion.Net.Memory;
using Pillion.Net.Sockets;
using Pillion.Tests.Support;

namespace Pillion.Tests.Proxy.Chaos;

/// <summary>An endpoint whose moods follow a schedule made from a seed: well for a while, then not, then well again.</summary>
internal sealed class MoodyEndpoint
{
    private static readonly byte[] Good = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789"u8.ToArray();
    private static readonly byte[] Bad = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"u8.ToArray();
    private static readonly byte[] Nonsense = "220 mail.example ESMTP ready\r\n"u8.ToArray();

    private readonly ProxyFixture _fixture;
    private readonly IPEndPoint _address;
    private readonly SlabPool _slabs;
    private readonly Random _random;
    private readonly HashSet<Connection> _open = [];
    private readonly List<(TimeSpan Until, Mood Mood)> _schedule = [];
    private Listener? _listener;
    private int _at;

    public MoodyEndpoint(ProxyFixture fixture, int port, SlabPool slabs, TimeSpan length, int seed)
    {
        _fixture = fixture;
        _address = new IPEndPoint(IPAddress.Loopback, port);
        _slabs = slabs;
        _random = new Random(seed);
        for (var until = TimeSpan.Zero; until < length;)
        {
            until += TimeSpan.FromSeconds(30 + (_random.NextDouble() * 90));
            _schedule.Add((until, Mood.Well));
            until += TimeSpan.FromSeconds(10 + (_random.NextDouble() * 10));
            _schedule.Add((until, (Mood)_random.Next(1, (int)Mood.Dead + 1)));
        }

        Listen();
    }

    public Mood Mood => _schedule[Math.Min(_at, _schedule.Count - 1)].Mood;

    /// <summary>Follows the schedule; on the loop.</summary>
    public void At(TimeSpan now)
    {
        while (_at < _schedule.Count - 1 && now >= _schedule[_at].Until)
        {
            var was = Mood;
            _at++;
            if (Mood == Mood.Dead)
            {
                Die();
            }
            else if (was == Mood.Dead)
            {
                Listen();
            }
        }
    }

    public void Die()
    {
        _listener?.Close();
        _listener = null;
        foreach (var connection in _open.ToArray())
        {
            connection.Abort();
        }
    }

    private void Listen()
    {
        _listener = _fixture.Network.Listen(_fixture.Loop, _address, shared: false).Listener!;
        _ = AcceptAsync(_listener);
    }

    private async Task AcceptAsync(Listener listener)
    {
        while ((await listener.AcceptAsync(default)).Connection is { } connection)
        {
            _open.Add(connection);
            _ = ServeAsync(connection);
        }
    }

    private async Task ServeAsync(Connection connection)
    {
        while (await ReceiveAsync(connection))
        {
            var mood = Mood;
            if (mood is Mood.Well or Mood.Slow)
            {
                // Most are near the mean, some take long: exponential.
                var delay = mood == Mood.Slow ? TimeSpan.FromSeconds(3) : TimeSpan.FromMilliseconds(-20 * Math.Log(1 - _random.NextDouble()));
                await _fixture.Loop.DelayAsync(delay, default);
            }

            if (mood == Mood.Hangs || !await SendAsync(connection, Answer(mood)))
            {
                continue;
            }

            if (mood is Mood.Garbage or Mood.BreaksOff)
            {
                connection.Abort();
                break;
            }
        }

        _open.Remove(connection);
        connection.Close();
    }

    private static ReadOnlyMemory<byte> Answer(Mood mood) => mood switch
    {
        Mood.Fails => Bad,
        Mood.Garbage => Nonsense,
        Mood.BreaksOff => Good.AsMemory(0, Good.Length - 5),
        _ => Good,
    };

    private async Task<bool> ReceiveAsync(Connection connection)
    {
        var slab = _slabs.Rent();
        var result = await connection.ReceiveAsync(slab);
        while (result is { IsOk: true, Count: > 0 } && !slab.Filled.EndsWith("\r\n\r\n"u8))
        {
            result = await connection.ReceiveAsync(slab);
        }

        _slabs.Return(slab);
        return result is { IsOk: true, Count: > 0 };
    }

    private async Task<bool> SendAsync(Connection connection, ReadOnlyMemory<byte> bytes)
    {
        var slab = _slabs.Rent();
        slab.TryAppend(bytes.Span);
        var result = await connection.SendAsync(slab, slab.Length);
        _slabs.Return(slab);
        return result.IsOk;
    }
}
