using System.Runtime.CompilerServices;
using Pillion.Net.Http;
using Pillion.Net.Loop;

namespace Pillion.Proxy.Forwarding;

/// <summary>
/// Tries of one request beside each other (Envoy: hedge_on_per_try_timeout): when the newest is late, another begins, and the first answer that the
/// policy would not try again wins; the others are reset. What fails while another is under way is forgotten.
/// </summary>
internal sealed class Hedge(Exchange exchange, Forward forward, RequestBody body)
{
    private readonly List<UpstreamAttempt> _free = [];
    private readonly List<UpstreamAttempt> _running = [];
    private readonly Dictionary<UpstreamAttempt, ValueTask> _tasks = [];
    private readonly Queue<UpstreamAttempt> _ended = new();
    private readonly LoopOperation<bool> _changed = new();
    private int _generation;
    private bool _isLate;

    public bool IsRunning => _running.Count > 0;

    /// <summary>From the first try to the answer.</summary>
    [AsyncMethodBuilder(typeof(PooledMethodBuilder))]
    public async ValueTask RunAsync()
    {
        Begin(Rent());
        while (true)
        {
            if (await NextAsync() is not { } ended)
            {
                BeginAnother();
                continue;
            }

            if (!ended.Failure.IsFailure && !forward.IsNamed(ended))
            {
                await EndOthersAsync();
                await AnswerAsync(ended);
                return;
            }

            if (IsRunning || _ended.Count > 0)
            {
                // One that is still under way may do better.
                await ended.EndTryAsync();
                _free.Add(ended);
                continue;
            }

            if (!ended.Failure.IsFailure && !forward.MayFollowAnswer(ended))
            {
                await AnswerAsync(ended);
                return;
            }

            _free.Add(ended);
            if (!await forward.MayTryAgainAsync(ended, ended.Failure))
            {
                return;
            }

            Begin(Rent());
        }
    }

    /// <summary>The newest try's time is over.</summary>
    public void Late()
    {
        _isLate = true;
        _changed.Complete(true);
    }

    /// <summary>The client left or a limit passed: all that is under way ends now.</summary>
    public void Cancel()
    {
        // The last to end may end the whole exchange within the call, and the next one may have begun.
        var generation = _generation;
        foreach (var attempt in _running.ToArray())
        {
            if (generation != _generation)
            {
                return;
            }

            attempt.Cancel();
        }
    }

    /// <summary>Behind the request, however it ended: nothing of it may reach the next one.</summary>
    [AsyncMethodBuilder(typeof(PooledMethodBuilder))]
    public async ValueTask EndAsync()
    {
        await EndOthersAsync();
        _generation++;
        _isLate = false;
    }

    private UpstreamAttempt Rent()
    {
        if (_free.Count == 0)
        {
            return new UpstreamAttempt(exchange, forward, body) { Response = new ResponseHead() };
        }

        var attempt = _free[^1];
        _free.RemoveAt(_free.Count - 1);
        return attempt;
    }

    private void Begin(UpstreamAttempt attempt)
    {
        // An answer to come must not find one of the others writing to the client.
        attempt.PassesInterims = !IsRunning;
        foreach (var other in _running)
        {
            other.PassesInterims = false;
        }

        _running.Add(attempt);
        _tasks[attempt] = RunOneAsync(attempt);
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder))]
    private async ValueTask RunOneAsync(UpstreamAttempt attempt)
    {
        try
        {
            await attempt.RunAsync(forward.LooksAtCalls);
        }
        finally
        {
            _running.Remove(attempt);
            _ended.Enqueue(attempt);
            _changed.Complete(true);
        }
    }

    // One that has ended, or null when the newest is late.
    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private async ValueTask<UpstreamAttempt?> NextAsync()
    {
        while (true)
        {
            if (_ended.TryDequeue(out var attempt))
            {
                if (_tasks.Remove(attempt, out var task))
                {
                    await task;
                }

                return attempt;
            }

            if (_isLate)
            {
                _isLate = false;
                return null;
            }

            await _changed.Start();
        }
    }

    private void BeginAnother()
    {
        if (exchange.IsOver || !IsRunning)
        {
            return;
        }

        if (!body.HasEnded || exchange.IsSendingInterim)
        {
            // The client itself is still at it; the upstream is not to blame.
            forward.TryBegins();
        }
        else if (body.IsWhole && forward.MayHedge())
        {
            Begin(Rent());
        }
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder))]
    private async ValueTask AnswerAsync(UpstreamAttempt attempt)
    {
        (exchange.Response, attempt.Response) = (attempt.Response, exchange.Response);
        _free.Add(attempt);
        await forward.AnswerAsync(attempt);
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder))]
    private async ValueTask EndOthersAsync()
    {
        foreach (var attempt in _running.ToArray())
        {
            attempt.GiveUp();
        }

        while (IsRunning || _ended.Count > 0)
        {
            if (await NextAsync() is { } ended)
            {
                await ended.EndTryAsync();
                _free.Add(ended);
            }
        }
    }
}
