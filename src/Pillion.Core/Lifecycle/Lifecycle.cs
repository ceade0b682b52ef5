namespace Pillion.Core.Lifecycle;

/// <summary>
/// The state machine of starting and stopping: starting → ready → lame duck → draining → stopped. Readiness is the conjunction of named
/// conditions, each with a reason in words. Time comes from a <see cref="TimeProvider"/>. Safe from any thread; nothing here is per request.
/// </summary>
internal sealed class Lifecycle(TimeProvider time)
{
    // 128 + SIGKILL, as a shell reports it.
    private const int KilledExitCode = 137;

    private readonly Lock _lock = new();
    private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<StopRequest> _stop = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _drain = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _now = new();
    private Condition[] _conditions = [];
    private volatile LifecycleState _state = LifecycleState.Starting;

    public LifecycleState State => _state;

    /// <summary>Set from the configuration, also by a reload; a stop uses what is set when it begins.</summary>
    public StopTimes Times { get; set; } = new();

    /// <summary>The conditions in the order they were added.</summary>
    public IReadOnlyList<Condition> Conditions => _conditions;

    /// <summary>Pillion itself is up: the application may start, <c>pillion wait</c> may return.</summary>
    public bool IsStarted => _state != LifecycleState.Starting;

    /// <summary>Traffic is welcome: up, not going away, and every condition is met.</summary>
    public bool IsReady => _state == LifecycleState.Ready && Array.TrueForAll(_conditions, static condition => condition.IsMet);

    /// <summary>Completes once, when the last of Pillion's own conditions is met.</summary>
    public Task Started => _started.Task;

    /// <summary>Completes when the process is asked to end.</summary>
    public Task<StopRequest> StopRequested => _stop.Task;

    /// <summary>Told of every change of state, on the thread that made it.</summary>
    public Action<LifecycleState>? Changed { get; set; }

    /// <summary>Adds a condition, not yet met. All are added before the first is met.</summary>
    public Condition AddCondition(string name, string reason, ConditionScope scope = ConditionScope.Pillion)
    {
        var condition = new Condition(this, name, scope, reason);
        lock (_lock)
        {
            _conditions = [.. _conditions, condition];
        }

        return condition;
    }

    /// <summary>Why this is not ready, one sentence each; empty when it is.</summary>
    public IEnumerable<string> Reasons()
    {
        if (_state > LifecycleState.Ready)
        {
            yield return _state switch
            {
                LifecycleState.LameDuck => "going away: lame duck, still serving",
                LifecycleState.Draining => "going away: draining",
                _ => "stopped",
            };
        }

        foreach (var condition in _conditions)
        {
            if (condition.Reason is { } reason)
            {
                yield return $"{condition.Name}: {reason}";
            }
        }
    }

    /// <summary>Asks for the orderly end; asked a second time, for the end at once. True the first time.</summary>
    public bool RequestStop(StopRequest request)
    {
        if (_stop.TrySetResult(request))
        {
            return true;
        }

        _now.Cancel();
        return false;
    }

    /// <summary>Asks for inbound to be drained while everything else goes on; the process ends when a stop is asked for. True the first time.</summary>
    public bool RequestDrain() => !StopRequested.IsCompleted && _drain.TrySetResult();

    /// <summary>Asks for the orderly end unless that was asked already: for an event that is no order, such as the application's own end.</summary>
    public void RequestExit(string reason) => _stop.TrySetResult(new StopRequest(reason));

    /// <summary>
    /// Waits for a stop and carries it out, in this order: inbound is announced closed but served (lame duck); inbound takes nothing new and finishes (drain);
    /// our application is told to end, with outbound still open; roles stop; at the grace period's end whatever is left ends. Returns the exit code:
    /// our application's own where we started it, else 0.
    /// </summary>
    public async Task<int> StopAsync(IReadOnlyList<IRole> roles, IApplication application)
    {
        await Task.WhenAny(StopRequested, _drain.Task).ConfigureAwait(false);
        var announced = time.GetTimestamp();
        Enter(LifecycleState.LameDuck);
        ForEach(roles, static role => role.EnterLameDuck());
        if (!StopRequested.IsCompleted)
        {
            await DrainUntilStopAsync(roles, application, announced).ConfigureAwait(false);
        }

        var request = await StopRequested.ConfigureAwait(false);
        var times = Times;
        using var end = new CancellationTokenSource(times.GracePeriod, time);
        using var soon = new CancellationTokenSource(Positive(times.GracePeriod - times.Reserve), time);
        using var orderly = CancellationTokenSource.CreateLinkedTokenSource(soon.Token, _now.Token);
        var began = time.GetTimestamp();
        if (State == LifecycleState.LameDuck)
        {
            await LameDuckAsync(times, application, announced, orderly.Token).ConfigureAwait(false);
            BeginDrain(roles);
        }

        await DrainInboundAsync(times, roles, began, orderly.Token).ConfigureAwait(false);

        var code = application.IsOurs
            ? await EndApplicationAsync(times, application, request, orderly.Token).ConfigureAwait(false)
            : await OutboundQuietAsync(times, roles, orderly.Token).ConfigureAwait(false);

        // Stopping the roles may use what was kept back, unless a second signal asked for none of it.
        using var last = CancellationTokenSource.CreateLinkedTokenSource(end.Token, _now.Token);
        for (var i = roles.Count - 1; i >= 0; i--)
        {
            await Unless(roles[i].StopAsync(last.Token), last.Token).ConfigureAwait(false);
        }

        Enter(LifecycleState.Stopped);
        return code;
    }

    /// <summary>A condition changed: starting may be over.</summary>
    internal void Reconsider()
    {
        lock (_lock)
        {
            if (_state != LifecycleState.Starting || !Array.TrueForAll(_conditions, static condition => condition.IsMet || condition.Scope != ConditionScope.Pillion))
            {
                return;
            }

            _state = LifecycleState.Ready;
        }

        Changed?.Invoke(LifecycleState.Ready);
        _started.TrySetResult();
    }

    private async Task DrainUntilStopAsync(IReadOnlyList<IRole> roles, IApplication application, long announced)
    {
        await Task.WhenAny(LameDuckAsync(Times, application, announced, _now.Token), StopRequested).ConfigureAwait(false);
        if (!StopRequested.IsCompleted)
        {
            BeginDrain(roles);
        }
    }

    private void BeginDrain(IReadOnlyList<IRole> roles)
    {
        Enter(LifecycleState.Draining);
        ForEach(roles, static role => role.BeginDrain());
    }

    private async Task LameDuckAsync(StopTimes times, IApplication application, long announced, CancellationToken cancellationToken)
    {
        if (times.LameDuck is not { } lameDuck || lameDuck <= TimeSpan.Zero)
        {
            return;
        }

        // Looked at each second rather than once: an application may serve on for part of the time.
        while (time.GetElapsedTime(announced) is var passed && passed < lameDuck && !cancellationToken.IsCancellationRequested)
        {
            if (application.Exited.IsCompleted || await application.IsGoneAsync(cancellationToken).ConfigureAwait(false))
            {
                return;
            }

            var step = lameDuck - passed < TimeSpan.FromSeconds(1) ? lameDuck - passed : TimeSpan.FromSeconds(1);
            await Unless(Task.WhenAny(Task.Delay(step, time, cancellationToken), application.Exited), cancellationToken).ConfigureAwait(false);
        }
    }

    // Half of what is left: a stream that never ends must leave our application time of its own to end in.
    private async Task DrainInboundAsync(StopTimes times, IReadOnlyList<IRole> roles, long began, CancellationToken cancellationToken)
    {
        var left = times.GracePeriod - times.Reserve - time.GetElapsedTime(began);
        using var half = new CancellationTokenSource(Positive(left / 2), time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(half.Token, cancellationToken);
        await Unless(Task.WhenAll(roles.Select(role => role.InboundDrainedAsync(either.Token))), either.Token).ConfigureAwait(false);
    }

    private async Task<int> EndApplicationAsync(StopTimes times, IApplication application, StopRequest request, CancellationToken cancellationToken)
    {
        if (!request.ApplicationWasTold && !application.Exited.IsCompleted)
        {
            application.RequestExit(request.Signal);
        }

        await Unless(application.Exited, cancellationToken).ConfigureAwait(false);
        if (!application.Exited.IsCompleted)
        {
            application.Kill();
            using var killed = new CancellationTokenSource(times.Reserve, time);
            await Unless(application.Exited, killed.Token).ConfigureAwait(false);
        }

        // A process that even SIGKILL has not ended yet hangs in the kernel; we do not hang with it.
        return application.Exited.IsCompletedSuccessfully ? await application.Exited.ConfigureAwait(false) : KilledExitCode;
    }

    private async Task<int> OutboundQuietAsync(StopTimes times, IReadOnlyList<IRole> roles, CancellationToken cancellationToken)
    {
        await Unless(Task.WhenAll(roles.Select(role => role.OutboundIdleAsync(times.OutboundQuiet, cancellationToken))), cancellationToken).ConfigureAwait(false);
        return 0;
    }

    private void Enter(LifecycleState state)
    {
        _state = state;
        Changed?.Invoke(state);
    }

    private static void ForEach(IReadOnlyList<IRole> roles, Action<IRole> action)
    {
        foreach (var role in roles)
        {
            action(role);
        }
    }

    // Waits for a task or the token, whichever is first; a role that does not watch its token cannot hold up the end.
    private static async Task Unless(Task task, CancellationToken cancellationToken)
    {
        try
        {
            await task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
        }
    }

    private static TimeSpan Positive(TimeSpan time) => time > TimeSpan.Zero ? time : TimeSpan.Zero;
}
