using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Pillion.Net;
using Pillion.Proxy.Configuration;

namespace Pillion.Proxy.Clusters.Dns;

/// <summary>What a request's host is: an endpoint, or why there is none.</summary>
internal readonly record struct DynamicHost(Endpoint? Endpoint, string? Error);

/// <summary>
/// The endpoints of a <see cref="ClusterDiscovery.DynamicForward"/> cluster: whatever hosts requests name, resolved when first named. Shared by all
/// loops; a host that is known costs one lookup without lock or allocation. Bounded: at most <see cref="MaxHosts"/> are kept, the longest unused go first.
/// </summary>
internal sealed class DynamicHosts(ClusterConfig config, INameResolver resolver, TimeProvider time)
{
    public const int MaxHosts = 1024;

    // Hosts still being looked up may exceed the bound by so many; beyond, a request is refused rather than memory spent.
    private const int MaxBeyond = 256;
    private const int MaxAuthorityLength = 261;
    private static readonly TimeSpan FailureKept = TimeSpan.FromSeconds(1);

    // An outdated answer serves while a new one is fetched, but not after this time.
    private static readonly TimeSpan StaleUse = TimeSpan.FromMinutes(5);

    private readonly ConcurrentDictionary<string, Entry> _hosts = new(StringComparer.OrdinalIgnoreCase);
    private int _count;

    public int Count => Volatile.Read(ref _count);

    /// <summary>
    /// The endpoint of an authority. May be called on a loop thread: a known host completes at once; otherwise the task completes on a thread of the
    /// pool, and the caller goes back to its loop by itself.
    /// </summary>
    /// <param name="authority">Host with or without port, as the request has it.</param>
    /// <param name="defaultPort">The port when the authority has none: 80, or 443.</param>
    public ValueTask<DynamicHost> FindAsync(ReadOnlySpan<byte> authority, int defaultPort, CancellationToken cancellationToken)
    {
        if (authority.IsEmpty || authority.Length > MaxAuthorityLength)
        {
            return new(new DynamicHost(null, "the request's host is empty or too long to be a host name"));
        }

        Span<char> key = stackalloc char[MaxAuthorityLength + 6];
        var length = Encoding.Latin1.GetChars(authority, key);
        if (Routing.DomainTable.WithoutPort(authority).Length == authority.Length)
        {
            key[length++] = ':';
            defaultPort.TryFormat(key[length..], out var digits);
            length += digits;
        }

        if (_hosts.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(key[..length], out var entry) && entry.Answer is { } answer)
        {
            var now = time.GetTimestamp();
            entry.LastUsed = now;
            if (now < answer.FreshUntil)
            {
                return new(answer.Host);
            }

            if (answer.Host.Endpoint is not null && now < answer.UsableUntil)
            {
                _ = entry.LookUp(Resolve);
                return new(answer.Host);
            }
        }

        return LookUp(key[..length].ToString(), cancellationToken);
    }

    private ValueTask<DynamicHost> LookUp(string key, CancellationToken cancellationToken)
    {
        if (!Address.TryParse(key, out var address) || address.IsUnix || address.Port == 0)
        {
            return new(new DynamicHost(null, "the request's host is not a host name with a port"));
        }

        if (!_hosts.TryGetValue(key, out var entry))
        {
            if (Interlocked.Increment(ref _count) > MaxHosts + MaxBeyond)
            {
                Interlocked.Decrement(ref _count);
                return new(new DynamicHost(null, "too many host names are being looked up at the same time"));
            }

            var mine = new Entry(address) { LastUsed = time.GetTimestamp() };
            entry = _hosts.GetOrAdd(key, mine);
            if (!ReferenceEquals(entry, mine))
            {
                Interlocked.Decrement(ref _count);
            }
        }

        return new(entry.LookUp(Resolve).WaitAsync(cancellationToken));
    }

    private async Task<DynamicHost> Resolve(Entry entry)
    {
        Evict();
        var answer = entry.Address.ToEndPoint() is IPEndPoint literal
            ? NameAnswer.Of([literal.Address], TimeSpan.FromHours(1))
            : await resolver.ResolveAsync(entry.Address.Host, config.DnsFamily, CancellationToken.None);

        var old = entry.Answer?.Host.Endpoint;
        var host = answer switch
        {
            { IsFailure: false } => new DynamicHost(Keep(old, entry.Address, answer.Addresses[0]), null),
            _ when old is not null => new DynamicHost(old, null),
            _ => new DynamicHost(null, answer.Error),
        };
        var fresh = answer.IsFailure ? FailureKept
            : config.RespectDnsTtl && answer.TimeToLive is { } ttl ? (ttl < DnsRefresh.MinTimeToLive ? DnsRefresh.MinTimeToLive : ttl)
            : config.DnsRefresh;

        // A failed refresh must not make an old address usable for ever: only a good answer moves that end.
        var now = time.GetTimestamp();
        var usableUntil = answer.IsFailure && entry.Answer is { } before ? before.UsableUntil : Later(now, fresh + StaleUse);
        if (answer.IsFailure && old is not null && now >= usableUntil)
        {
            host = new DynamicHost(null, answer.Error);
        }

        entry.Answer = new Answer(host, Later(now, fresh), usableUntil);
        return host;
    }

    private static Endpoint Keep(Endpoint? old, Address address, IPAddress resolved)
    {
        var endPoint = new IPEndPoint(resolved, address.Port);
        if (old is not null && old.SocketAddress.Equals(endPoint))
        {
            return old;
        }

        old?.IsRemoved = true;
        return new Endpoint(address, endPoint, 1);
    }

    private long Later(long timestamp, TimeSpan by) => timestamp + (long)(by.TotalSeconds * time.TimestampFrequency);

    // In batches, so that a client naming a new host each time does not make every lookup walk the table.
    private void Evict()
    {
        if (Count <= MaxHosts)
        {
            return;
        }

        foreach (var (key, _) in _hosts.Where(host => host.Value.Answer is not null).OrderBy(host => host.Value.LastUsed).Take(MaxHosts / 8).ToList())
        {
            if (_hosts.TryRemove(key, out var removed))
            {
                // Its pooled connections are not kept for a host that nobody can find again.
                if (removed.Answer?.Host.Endpoint is { } endpoint)
                {
                    endpoint.IsRemoved = true;
                }

                Interlocked.Decrement(ref _count);
            }
        }
    }

    private sealed record Answer(DynamicHost Host, long FreshUntil, long UsableUntil);

    private sealed class Entry(Address address)
    {
        private readonly Lock _lock = new();
        private Task<DynamicHost>? _pending;
        private volatile Answer? _answer;
        private long _lastUsed;

        public Address Address { get; } = address;

        public Answer? Answer
        {
            get => _answer;
            set => _answer = value;
        }

        public long LastUsed
        {
            get => Volatile.Read(ref _lastUsed);
            set => Volatile.Write(ref _lastUsed, value);
        }

        /// <summary>One lookup at a time, whoever asks; off the loop.</summary>
        public Task<DynamicHost> LookUp(Func<Entry, Task<DynamicHost>> resolve)
        {
            lock (_lock)
            {
                return _pending is { IsCompleted: false } ? _pending : _pending = Task.Run(() => resolve(this));
            }
        }
    }
}
