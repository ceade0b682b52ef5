using Pillion.Core.Signals;
using Pillion.Core.Signals.Records;

namespace Pillion.Watching;

/// <summary>What one loop counted of one route, cluster or peer since somebody looked. Only that loop writes it.</summary>
internal sealed class TrafficCount
{
    public readonly LatencyCounts Latencies = new();

    private long _requests;
    private long _failures;
    private long _retries;
    private long _received;
    private long _sent;
    private TrafficFailure? _lastFailure;

    public long Requests => Volatile.Read(ref _requests);

    /// <summary>Failed, answered 5xx, or refused by Pillion: what <c>explain --last-error</c> takes for one.</summary>
    public long Failures => Volatile.Read(ref _failures);

    public long Retries => Volatile.Read(ref _retries);

    public long Received => Volatile.Read(ref _received);

    public long Sent => Volatile.Read(ref _sent);

    public TrafficFailure? LastFailure => Volatile.Read(ref _lastFailure);

    public void Add(RequestRecord record)
    {
        _requests++;
        _retries += Math.Max(0, record.AttemptCount - 1);
        _received += record.BytesReceived;
        _sent += record.BytesSent;
        Latencies.Record(record.DurationMicros);
        if (RecordRing.IsFailure(record))
        {
            _failures++;
            Volatile.Write(ref _lastFailure, new TrafficFailure(record.StartedUtcTicks, record.Status, record.Failure.Kind, record.Failure.Cause));
        }
    }
}
