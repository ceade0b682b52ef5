using System.Globalization;
using Microsoft.Extensions.Logging;
using Pillion.Core.Configuration.Reading;
using Pillion.Core.Lifecycle;
using Pillion.Core.Signals.Metrics;

namespace Pillion.Core.Overload;

/// <summary>
/// Measures memory against its ceiling and says what is given up: at once when it rises, and back step by step when it stays lower for a while. It says so in
/// the log once for each change, in the metrics, and in readiness while new connections are refused.
/// </summary>
internal sealed partial class OverloadWatch
{
    // So many measurements in a row must be lower before anything is taken up again.
    private const int CalmMeasurements = 5;

    private readonly IMemoryMeter _meter;
    private readonly OverloadMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Condition _condition;
    private volatile OverloadConfig _config = new() { IsOff = true };
    private int _calm;

    public OverloadWatch(IMemoryMeter meter, MetricRegistry metrics, Lifecycle.Lifecycle lifecycle, TimeProvider time, ILogger logger)
    {
        _meter = meter;
        _metrics = metrics.Overload(metrics.OffLoop);
        _time = time;
        _logger = logger;

        // Not a condition of the start: whether memory is short is seen when there is traffic.
        _condition = lifecycle.AddCondition("memory", "not measured yet", ConditionScope.Application);
        _condition.Detail = () => State.Actions == OverloadActions.None ? null : State.Cause;
        _condition.Meet();
    }

    public OverloadState State { get; } = new();

    /// <summary>Called after each measurement while something is given up, and once when nothing is any more.</summary>
    public Action<OverloadActions>? Shedding { get; set; }

    /// <summary>Collects the garbage.</summary>
    public Action Collect { get; init; } = static () => GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);

    public void Apply(OverloadConfig config) => _config = config;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                await Task.Delay(_config.Interval, _time, cancellationToken).ConfigureAwait(false);
                Measure();
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
        }
    }

    /// <summary>One measurement and what follows from it.</summary>
    public void Measure()
    {
        var config = _config;
        var (used, ceiling) = Read(config);
        _metrics.Used = used;
        _metrics.Ceiling = ceiling;
        var percent = ceiling == 0 ? 0 : used * 100.0 / ceiling;
        var before = State.Actions;
        var actions = Decide(config, percent, before);
        var cause = string.Create(CultureInfo.InvariantCulture, $"{percent:0} % of {SizeText.Format(ceiling)} in use");
        State.Publish(actions, cause);
        _metrics.Actions = actions;
        if (actions != before)
        {
            Tell(actions, before, cause);
        }

        if (actions != OverloadActions.None || before != OverloadActions.None)
        {
            Shedding?.Invoke(actions);
        }

        if ((actions & ~before & OverloadActions.Garbage) != 0)
        {
            Collect();
            _metrics.Shed.Count("garbage");
        }
    }

    private (long Used, long Ceiling) Read(OverloadConfig config)
    {
        if (config.IsOff)
        {
            return (_meter.Process(), 0);
        }

        if (config.MemoryBytes is { } bytes)
        {
            return (config.CountsGroup && _meter.Group() is { Limit: > 0 } whole ? whole.Used : _meter.Process(), bytes);
        }

        var group = _meter.Group();
        return group.Limit == 0 ? (_meter.Process(), 0) : (group.Used, (long)(group.Limit * config.MemoryPercent / 100));
    }

    private OverloadActions Decide(OverloadConfig config, double percent, OverloadActions before)
    {
        var wanted = OverloadActions.None;
        var kept = OverloadActions.None;
        foreach (var step in config.Steps)
        {
            wanted |= percent >= step.Percent ? step.Action : OverloadActions.None;
            kept |= percent >= step.Percent - OverloadConfig.Hysteresis ? step.Action & before : OverloadActions.None;
        }

        var next = wanted | kept;
        _calm = (before & ~next) == 0 ? 0 : _calm + 1;
        if (_calm is > 0 and < CalmMeasurements)
        {
            // A dip between two bursts is no end.
            return next | before;
        }

        _calm = 0;
        return next;
    }

    private void Tell(OverloadActions actions, OverloadActions before, string cause)
    {
        if ((actions & OverloadActions.Connections) != 0)
        {
            _condition.Fail($"{cause}: new connections are refused");
        }
        else
        {
            _condition.Meet();
        }

        if (actions == OverloadActions.None)
        {
            LogOver(cause);
        }
        else if ((actions & ~before) != 0)
        {
            LogShort(cause, OverloadWords.Of(actions));
        }
        else
        {
            LogLess(cause, OverloadWords.Of(actions));
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "memory is short, {Cause}: gives up {What}")]
    private partial void LogShort(string cause, string what);

    [LoggerMessage(Level = LogLevel.Warning, Message = "memory is less short, {Cause}: still gives up {What}")]
    private partial void LogLess(string cause, string what);

    [LoggerMessage(Level = LogLevel.Information, Message = "memory is no longer short, {Cause}")]
    private partial void LogOver(string cause);
}
