using Microsoft.Extensions.Logging;
using Pillion.Core.Protobuf;
using Pillion.Core.Signals.AccessLog;
using Pillion.Core.Signals.Metrics;
using Pillion.Core.Signals.Tracing;

namespace Pillion.Core.Signals.Otlp;

/// <summary>
/// Brings what the loops leave in their rings to one collector, in batches, off the loops. Whatever the collector does, a loop never waits and memory
/// stays bounded: what finds no room, is refused or cannot be delivered within a minute is dropped and counted.
/// </summary>
internal sealed partial class OtlpExporter
{
    /// <summary>Why an item was lost; label values.</summary>
    public const string QueueFull = "queue_full";
    public const string TooLarge = "too_large";
    public const string Rejected = "rejected";
    public const string Refused = "refused";
    public const string Unavailable = "unavailable";

    /// <summary>The signals as metrics and log lines call them.</summary>
    public static readonly string[] Signals = ["traces", "logs", "metrics"];

    /// <summary>Spans of one batch (OTLP SDKs: 512).</summary>
    public const int BatchSpans = 512;

    /// <summary>A batch ends here: gRPC servers take 4 MiB unless told otherwise, and refuse what is larger as a whole.</summary>
    public const int BatchBytes = 3 * 1024 * 1024;

    private const int MostRounds = 64;
    private const int LogRingBytes = 1024 * 1024;

    // As the OTLP specification advises: exponential back-off with jitter.
    private static readonly TimeSpan FirstBackOff = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestBackOff = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LastPatience = TimeSpan.FromSeconds(5);

    private readonly IOtlpSender _sender;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Random _random;
    private readonly OtlpResource _resource;
    private readonly ProtoWriter _batch = new(16 * 1024);
    private readonly OtlpSpans _spanWriter;
    private readonly OtlpPoints _points;
    private readonly SpanRing[] _spans;
    private readonly LineRing[] _logs;
    private readonly OtlpMetrics[] _spanMetrics;
    private readonly OtlpMetrics[] _logMetrics;
    private readonly OtlpMetrics _pointMetrics;
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationTokenSource _ending = new();
    private readonly SemaphoreSlim _turn = new(1);
    private TaskCompletionSource _wake = NewWake();
    private Task _running = Task.CompletedTask;
    private bool _isFailing;
    private long _lost;
    private long _spansTold;
    private long _logsTold;

    public OtlpExporter(OtlpConfig config, IOtlpSender sender, MetricRegistry metrics, int loops, string instance, TimeProvider time, Random random, ILogger logger)
    {
        Config = config;
        _sender = sender;
        _time = time;
        _random = random;
        _logger = logger;
        _resource = new OtlpResource(config, instance);
        _spanWriter = new OtlpSpans(_batch);
        _points = new OtlpPoints(_batch, metrics, config, time);
        _spans = [.. Enumerable.Range(0, loops).Select(_ => new SpanRing(Math.Max(1, config.Queue / loops)))];
        _logs = [.. Enumerable.Range(0, loops).Select(_ => new LineRing(LogRingBytes))];
        _spanMetrics = Cells(Word(OtlpSignal.Traces));
        _logMetrics = Cells(Word(OtlpSignal.Logs));
        _pointMetrics = metrics.Otlp(config.Cluster, Word(OtlpSignal.Metrics), metrics.OffLoop);

        OtlpMetrics[] Cells(string signal) => [.. Enumerable.Range(0, loops + 1).Select(loop => metrics.Otlp(config.Cluster, signal, loop))];
    }

    public OtlpConfig Config { get; }

    /// <summary>The loop's own ring, with the cells to count in what finds no room.</summary>
    public (SpanRing Ring, OtlpMetrics Metrics) Spans(int loop) => (_spans[loop], _spanMetrics[loop]);

    /// <inheritdoc cref="Spans"/>
    public (LineRing Ring, OtlpMetrics Metrics) Logs(int loop) => (_logs[loop], _logMetrics[loop]);

    /// <summary>A ring has a batch: it is not to wait for its time. From a loop, once as the batch fills.</summary>
    public void Wake() => Volatile.Read(ref _wake).TrySetResult();

    /// <summary>Begins to send.</summary>
    public void Start() => _running = RunAsync();

    /// <summary>Sends what waits, once and within a few seconds, and ends.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        using var late = new CancellationTokenSource(LastPatience, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);

        // A batch under way is not torn off: it has the same few seconds.
        await using var ending = either.Token.UnsafeRegister(static state => ((CancellationTokenSource)state!).Cancel(), _ending).ConfigureAwait(false);
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
        await FlushAsync(either.Token).ConfigureAwait(false);
        if (Config.MetricsInterval > TimeSpan.Zero)
        {
            await SendPointsAsync(either.Token).ConfigureAwait(false);
        }
    }

    /// <summary>Sends what waits in the rings.</summary>
    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        try
        {
            await FlushInTurnAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Sends every metric as it is now.</summary>
    public async Task SendPointsAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        try
        {
            await SendPointsInTurnAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task FlushInTurnAsync(CancellationToken cancellationToken)
    {
        TellWaiting(_spanMetrics[^1], _spans.Sum(ring => ring.Waiting), ref _spansTold);
        TellWaiting(_logMetrics[^1], _logs.Sum(ring => ring.Waiting), ref _logsTold);

        // Bounded, so that what comes faster than the collector takes it does not keep its turn from the others.
        for (var round = 0; round < MostRounds && FillSpans() is var spans and > 0; round++)
        {
            await DeliverAsync(OtlpSignal.Traces, spans, _spanMetrics[^1], cancellationToken).ConfigureAwait(false);
        }

        for (var round = 0; round < MostRounds && FillLogs() is var records and > 0; round++)
        {
            await DeliverAsync(OtlpSignal.Logs, records, _logMetrics[^1], cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task SendPointsInTurnAsync(CancellationToken cancellationToken)
    {
        using var families = _points.Collect().GetEnumerator();
        for (var more = families.MoveNext(); more;)
        {
            var at = _resource.Begin(_batch);
            var count = 0;
            do
            {
                count += _points.Write(families.Current);
                more = families.MoveNext();
            }
            while (more && _batch.Length < BatchBytes);
            OtlpResource.End(_batch, at);
            await DeliverAsync(OtlpSignal.Metrics, count, _pointMetrics, cancellationToken).ConfigureAwait(false);
        }
    }

    private static TaskCompletionSource NewWake() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task RunAsync()
    {
        // Off the caller's thread, which may be a loop.
        await Task.Yield();
        var metricsSent = _time.GetTimestamp();
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                await WaitAsync().ConfigureAwait(false);
                await FlushAsync(_ending.Token).ConfigureAwait(false);
                if (Config.MetricsInterval > TimeSpan.Zero && _time.GetElapsedTime(metricsSent) >= Config.MetricsInterval && !_stopping.IsCancellationRequested)
                {
                    metricsSent = _time.GetTimestamp();
                    await SendPointsAsync(_ending.Token).ConfigureAwait(false);
                }
            }
            catch (Exception exception)
            {
                // A bug of ours: this batch is lost, the next one is not.
                LogUnhandled(exception);
            }
        }
    }

    private async Task WaitAsync()
    {
        var interval = Config.MetricsInterval > TimeSpan.Zero && Config.MetricsInterval < Config.Interval ? Config.MetricsInterval : Config.Interval;
        using var early = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        var timer = Task.Delay(interval, _time, early.Token);
        await Task.WhenAny(timer, _wake.Task).ConfigureAwait(false);
        await early.CancelAsync().ConfigureAwait(false);
        if (_wake.Task.IsCompleted)
        {
            Volatile.Write(ref _wake, NewWake());
        }
    }

    private int FillSpans()
    {
        if (!Array.Exists(_spans, ring => ring.Waiting > 0))
        {
            return 0;
        }

        var at = _resource.Begin(_batch);
        var count = 0;
        foreach (var ring in _spans)
        {
            while (count < BatchSpans && _batch.Length < BatchBytes && ring.Peek() is { } span)
            {
                count += _spanWriter.Write(span);
                ring.Take();
            }
        }

        OtlpResource.End(_batch, at);
        return count;
    }

    // The rings hold ScopeLogs.log_records as the fields they are: they are only put behind one another.
    private int FillLogs()
    {
        if (!Array.Exists(_logs, ring => ring.Waiting > 0))
        {
            return 0;
        }

        var at = _resource.Begin(_batch);
        var count = 0;
        foreach (var ring in _logs)
        {
            var (first, second) = ring.Peek();
            var taken = 0;
            while (_batch.Length < BatchBytes && OtlpLogRecord.Length(first.Span, second.Span, taken) is var length and > 0)
            {
                OtlpLogRecord.Copy(first.Span, second.Span, taken, length, _batch);
                taken += length;
                count++;
            }

            ring.Take(taken);
        }

        OtlpResource.End(_batch, at);
        return count;
    }

    // In _batch is the message; until it is taken, given up or refused nothing else is sent.
    private async Task DeliverAsync(OtlpSignal signal, int items, OtlpMetrics metrics, CancellationToken cancellationToken)
    {
        var message = _batch.WrittenMemory;
        var began = _time.GetTimestamp();
        var backOff = FirstBackOff;
        while (true)
        {
            var answer = await _sender.SendAsync(Config, signal, message, cancellationToken).ConfigureAwait(false);
            switch (answer.Outcome)
            {
                case OtlpOutcome.Accepted:
                    var rejected = Math.Clamp(answer.Rejected, 0, items);
                    lock (metrics.Shared)
                    {
                        metrics.ItemsSent += items - rejected;
                        metrics.BytesSent += message.Length;
                        metrics.Batches.Count(rejected > 0 ? "partly_accepted" : "accepted");
                    }

                    if (rejected > 0)
                    {
                        Drop(metrics, signal, Rejected, rejected, answer.Problem ?? "it does not say why");
                    }
                    else
                    {
                        Succeeded(signal);
                    }

                    return;
                case OtlpOutcome.Refused:
                    Drop(metrics, signal, Refused, items, answer.Problem ?? "it does not say why");
                    return;
            }

            // A stop asks for one try of what waits, not for patience; the last flush has a token of its own.
            var wait = answer.RetryAfter > backOff ? answer.RetryAfter : backOff * (0.5 + (_random.NextDouble() / 2));
            if (_stopping.IsCancellationRequested || cancellationToken.IsCancellationRequested || _time.GetElapsedTime(began) + wait > Patience)
            {
                Drop(metrics, signal, Unavailable, items, answer.Problem ?? "it cannot be reached");
                return;
            }

            lock (metrics.Shared)
            {
                metrics.Retries++;
            }

            await Task.Delay(wait, _time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            backOff = backOff * 2 < LongestBackOff ? backOff * 2 : LongestBackOff;
        }
    }

    // Said once, not for each batch; the count says how bad it is.
    private void Drop(OtlpMetrics metrics, OtlpSignal signal, string reason, long items, string problem)
    {
        // Several exporters may count towards one collector: Envoy's files say it anew at each place.
        lock (metrics.Shared)
        {
            metrics.Dropped.Count(reason, items);
            if (reason != Rejected)
            {
                metrics.Batches.Count(reason);
            }
        }

        _lost += items;
        if (!_isFailing)
        {
            _isFailing = true;
            LogFailing(Config.Cluster, Word(signal), problem);
        }
    }

    private static void TellWaiting(OtlpMetrics metrics, long waiting, ref long told)
    {
        lock (metrics.Shared)
        {
            metrics.ItemsWaiting += waiting - told;
        }

        told = waiting;
    }

    private void Succeeded(OtlpSignal signal)
    {
        if (_isFailing)
        {
            _isFailing = false;
            LogRecovered(Config.Cluster, Word(signal), _lost);
            _lost = 0;
        }
    }

    private static string Word(OtlpSignal signal) => Signals[(int)signal];

    [LoggerMessage(Level = LogLevel.Warning, Message = "the collector {Cluster} does not take our {Signal}: {Problem}; what cannot be delivered is dropped and counted until it does")]
    private partial void LogFailing(string cluster, string signal, string problem);

    [LoggerMessage(Level = LogLevel.Warning, Message = "the collector {Cluster} takes our {Signal} again; {Lost} items were lost")]
    private partial void LogRecovered(string cluster, string signal, long lost);

    [LoggerMessage(Level = LogLevel.Error, Message = "an error inside Pillion ended a batch of telemetry; please report it")]
    private partial void LogUnhandled(Exception exception);
}
