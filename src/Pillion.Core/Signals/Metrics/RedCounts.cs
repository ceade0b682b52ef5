using Pillion.Core.Resilience;

namespace Pillion.Core.Signals.Metrics;

/// <summary>Rate, errors, duration: what one loop counts of the requests of one route, or of one caller.</summary>
internal abstract class RedCounts
{
    public readonly StatusClasses Statuses = new();
    public readonly DurationHistogram Duration = new();

    /// <summary>Failed requests by kind.</summary>
    public readonly LabelledCounts Failures = new(24);

    public long Requests;
    public long Errors;

    /// <summary>Counts what a finished request's record says.</summary>
    public void Count(RequestRecord record)
    {
        Requests++;
        Statuses.Count(record.Status);
        Duration.Record(record.DurationMicros, record.Trace, record.StartedUtcTicks);
        if (record.Failure.IsFailure)
        {
            Failures.Count(FailureWords.Of(record.Failure.Kind));
        }

        // A 4xx is the client's mistake and no error of the route, however it came about; a client that left is none either.
        if (record.Status >= 500 || (record.Failure is { IsFailure: true, Side: not FailureSide.Downstream } && record.Status is < 400 or >= 500))
        {
            Errors++;
        }
    }

    protected static IEnumerable<Metric<T>> For<T>(string whose) where T : RedCounts =>
    [
        Metric<T>.Counter("requests", $"Requests {whose}", m => Volatile.Read(ref m.Requests)) with { IsEnvoys = false },
        .. Metric<T>.Classes("responses", $"Answers {whose}, by class of status", m => m.Statuses).Select(metric => metric with { Name = "responses", IsEnvoys = false }),
        Metric<T>.Counter("errors", $"Requests {whose} that ended with a 5xx or were cut short by anybody but the client", m => Volatile.Read(ref m.Errors)) with { IsEnvoys = false },
        Metric<T>.ByWord("failures", "kind", $"Requests {whose} that failed, by kind of failure", m => m.Failures),
        Metric<T>.Duration("request_time", $"From the first byte of a request {whose} to the last byte of its answer", m => m.Duration) with { IsEnvoys = false },
    ];
}
