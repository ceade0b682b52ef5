using Pillion.Core.Signals;
using Pillion.Core.Signals.Watching;
using Pillion.Net.Http;

namespace Pillion.Watching;

/// <summary>
/// Counts requests by route, cluster or peer while somebody looks. Each loop has counts of its own, and publishes a list of them that only grows; who looks
/// adds them up and remembers what they were before.
/// </summary>
internal sealed class TrafficWatch(TrafficView view, int loops, TimeProvider time) : IRequestWatcher
{
    /// <summary>Rows; what finds no room is counted together.</summary>
    public const int Most = 500;

    public const string Others = "(others)";

    private readonly Loop[] _loops = [.. Enumerable.Range(0, loops).Select(_ => new Loop())];
    private readonly Dictionary<(string Listener, string Name), Sum> _before = [];
    private long _since = time.GetTimestamp();

    public void Ended(int loop, RequestRecord record, RequestHead? request, ResponseHead? response) => _loops[loop].Of(KeyOf(record)).Add(record);

    /// <summary>What happened since the last time, every row that was ever seen among it; the busiest first.</summary>
    public IReadOnlyList<TrafficRow> Take(IReadOnlyDictionary<string, long>? active = null)
    {
        var now = time.GetTimestamp();
        var seconds = Math.Max(0.001, time.GetElapsedTime(_since, now).TotalSeconds);
        _since = now;
        var sums = new Dictionary<(string Listener, string Name), Sum>();
        foreach (var (key, count) in _loops.SelectMany(loop => loop.All))
        {
            if (!sums.TryGetValue(key, out var sum))
            {
                sums[key] = sum = new Sum();
            }

            sum.Add(count);
        }

        var rows = new List<TrafficRow>();
        foreach (var (key, sum) in sums)
        {
            rows.Add(Row(key, sum, _before.GetValueOrDefault(key), seconds, active));
            _before[key] = sum;
        }

        return [.. rows.OrderByDescending(row => row.Requests).ThenBy(row => row.Name, StringComparer.Ordinal).ThenBy(row => row.Listener, StringComparer.Ordinal)];
    }

    private (string, string) KeyOf(RequestRecord record) => view switch
    {
        TrafficView.Clusters => ("", record.Cluster.Length > 0 ? record.Cluster : "(none)"),
        TrafficView.Peers => ("", record.PeerIdentity.Length > 0 ? record.PeerIdentity : record.Downstream.AddressText()),
        _ => (record.Listener, record.Route.Length > 0 ? record.Route : "(none)"),
    };

    private TrafficRow Row((string Listener, string Name) key, Sum now, Sum? before, double seconds, IReadOnlyDictionary<string, long>? active)
    {
        before ??= new Sum();
        var latencies = new long[LatencyCounts.Steps];
        for (var i = 0; i < latencies.Length; i++)
        {
            latencies[i] = now.Latencies[i] - before.Latencies[i];
        }

        var requests = now.Requests - before.Requests;
        return new TrafficRow
        {
            Name = key.Name,
            Listener = key.Listener,
            Requests = requests,
            RequestsPerSecond = requests / seconds,
            Failures = now.Failures - before.Failures,
            Active = active is null ? null : active.GetValueOrDefault(key.Name),
            P50Millis = LatencyCounts.Quantile(latencies, 0.5) / 1000.0,
            P99Millis = LatencyCounts.Quantile(latencies, 0.99) / 1000.0,
            Received = now.Received - before.Received,
            Sent = now.Sent - before.Sent,
            Retries = now.Retries - before.Retries,
            LastFailureAt = now.LastFailure is { } failure ? new DateTime(failure.UtcTicks, DateTimeKind.Utc) : null,
            LastFailure = now.LastFailure?.Words ?? "",
        };
    }

    private sealed class Sum
    {
        public readonly long[] Latencies = new long[LatencyCounts.Steps];
        public long Requests;
        public long Failures;
        public long Retries;
        public long Received;
        public long Sent;
        public TrafficFailure? LastFailure;

        public void Add(TrafficCount count)
        {
            count.Latencies.AddTo(Latencies);
            Requests += count.Requests;
            Failures += count.Failures;
            Retries += count.Retries;
            Received += count.Received;
            Sent += count.Sent;
            if (count.LastFailure is { } failure && (LastFailure is null || failure.UtcTicks > LastFailure.UtcTicks))
            {
                LastFailure = failure;
            }
        }
    }

    private sealed class Loop
    {
        private readonly Dictionary<(string Listener, string Name), TrafficCount> _counts = [];
        private volatile ((string Listener, string Name) Key, TrafficCount Count)[] _all = [];

        public ((string Listener, string Name) Key, TrafficCount Count)[] All => _all;

        public TrafficCount Of((string Listener, string Name) key)
        {
            if (_counts.TryGetValue(key, out var count))
            {
                return count;
            }

            if (_counts.Count >= Most && _counts.TryGetValue(("", Others), out var others))
            {
                return others;
            }

            key = _counts.Count >= Most - 1 ? ("", Others) : key;
            _counts[key] = count = new TrafficCount();
            _all = [.. _all, (key, count)];
            return count;
        }
    }
}
