namespace Pillion.Core.Signals.Records;

/// <summary>
/// The finished requests of one loop, the newest of a bounded number. Failures have a ring of their own, so that an error can still be
/// explained after a flood of successes. Belongs to its loop like a connection does: others ask through <see cref="RequestRecords"/>.
/// </summary>
internal sealed class RecordRing(int successes = RecordRing.DefaultSuccesses, int failures = RecordRing.DefaultFailures)
{
    public const int DefaultSuccesses = 1024;
    public const int DefaultFailures = 256;

    // Requests in flight at once beyond these give their record to the collector afterwards.
    private const int MaxFree = 256;

    private readonly Ring _successes = new(successes);
    private readonly Ring _failures = new(failures);
    private readonly Stack<RequestRecord> _free = new();

    public int Count => _successes.Count + _failures.Count;

    /// <summary>An empty record to fill. It comes back by <see cref="Publish"/> or, untold, by <see cref="Return"/>.</summary>
    public RequestRecord Rent() => _free.TryPop(out var record) ? record : new RequestRecord();

    /// <summary>Keeps a finished record; the oldest of its kind becomes free. The caller must not touch it again.</summary>
    public void Publish(RequestRecord record)
    {
        if ((IsFailure(record) ? _failures : _successes).Add(record) is { } oldest)
        {
            Return(oldest);
        }
    }

    public void Return(RequestRecord record)
    {
        if (_free.Count < MaxFree)
        {
            record.Clear();
            _free.Push(record);
        }
    }

    /// <summary>A copy of the newest record of this id, or null when there is none (any more).</summary>
    public RequestRecord? Find(ReadOnlySpan<byte> id) =>
        (_failures.Find(id) ?? _successes.Find(id)) is { } found ? Copy(found) : null;

    /// <summary>Copies of the records of this request or trace id, at most so many; where there is none, of those whose ids begin so.</summary>
    public void CopyMatches(List<RequestRecord> destination, ReadOnlySpan<byte> id, int count)
    {
        foreach (var wholly in (ReadOnlySpan<bool>)[true, false])
        {
            _failures.CopyMatches(destination, id, wholly, count);
            _successes.CopyMatches(destination, id, wholly, count);
            if (destination.Count > 0)
            {
                return;
            }
        }
    }

    /// <summary>Copies of the newest records, newest first.</summary>
    /// <param name="route">Only those of this route; null is all.</param>
    public void CopyLatest(List<RequestRecord> destination, int count, bool failuresOnly = false, string? route = null)
    {
        // Each ring is in order by the end of its requests; the two are merged by when the request began, which is near enough for a list.
        var failure = 0;
        var success = failuresOnly ? _successes.Count : 0;
        for (var taken = 0; taken < count; taken++)
        {
            var f = _failures.Newest(ref failure, route);
            var s = _successes.Newest(ref success, route);
            if (f is null && s is null)
            {
                return;
            }

            if (s is null || (f is not null && f.StartedUtcTicks >= s.StartedUtcTicks))
            {
                failure++;
                destination.Add(Copy(f!));
            }
            else
            {
                success++;
                destination.Add(Copy(s));
            }
        }
    }

    /// <summary>What somebody will ask about: it failed, the upstream said 5xx, or Pillion refused.</summary>
    public static bool IsFailure(RequestRecord record) =>
        record.Failure.IsFailure || record.Status >= 500 || (record.AnsweredLocally && record.Status >= 400);

    private static RequestRecord Copy(RequestRecord record)
    {
        var copy = new RequestRecord();
        copy.CopyFrom(record);
        return copy;
    }

    private sealed class Ring(int capacity)
    {
        // Grown on use: an idle sidecar holds no records.
        private RequestRecord[] _records = [];
        private int _next;

        public int Count { get; private set; }

        /// <summary>Returns the record that had to go.</summary>
        public RequestRecord? Add(RequestRecord record)
        {
            if (capacity == 0)
            {
                return record;
            }

            if (Count == _records.Length && Count < capacity)
            {
                // Never wrapped while it grows, so a plain copy keeps the order.
                Array.Resize(ref _records, Math.Min(capacity, Math.Max(16, Count * 2)));
            }

            _next = _next == _records.Length ? 0 : _next;
            var oldest = Count == capacity ? _records[_next] : null;
            _records[_next++] = record;
            Count = Math.Min(Count + 1, capacity);
            return oldest;
        }

        /// <summary>The next one of the route; <paramref name="back"/> moves there.</summary>
        public RequestRecord? Newest(ref int back, string? route)
        {
            for (; Newest(back) is { } record; back++)
            {
                if (route is null || record.Route == route)
                {
                    return record;
                }
            }

            return null;
        }

        public void CopyMatches(List<RequestRecord> destination, ReadOnlySpan<byte> id, bool wholly, int count)
        {
            for (var back = 0; Newest(back) is { } record && destination.Count < count; back++)
            {
                if (Matches(record.Id.Span, id, wholly) || Matches(record.TraceId.Span, id, wholly))
                {
                    destination.Add(Copy(record));
                }
            }
        }

        private static bool Matches(ReadOnlySpan<byte> whole, ReadOnlySpan<byte> id, bool wholly) => wholly ? whole.SequenceEqual(id) : whole.StartsWith(id);

        public RequestRecord? Newest(int back)
        {
            if (back >= Count)
            {
                return null;
            }

            var index = _next - 1 - back;
            return _records[index < 0 ? index + Count : index];
        }

        public RequestRecord? Find(ReadOnlySpan<byte> id)
        {
            for (var back = 0; back < Count; back++)
            {
                var record = Newest(back)!;
                if (record.Id.Span.SequenceEqual(id))
                {
                    return record;
                }
            }

            return null;
        }
    }
}
