using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Pillion.Net.Memory;

namespace Pillion.Net.Loop;

/// <summary>
/// One thread that owns connections, timers and buffers and shares none of them (DESIGN §1). Everything awaited on it completes inline
/// on its thread; other threads reach it only through <see cref="Post(Action{object?}, object?)"/>.
/// </summary>
internal sealed class EventLoop : IDisposable
{
    [ThreadStatic]
    private static EventLoop? t_current;

    // Deferred actions run in one turn, at most: two ends that answer each other without end must not starve timers and sockets.
    private const int MaxDeferredPerTurn = 1024;

    private readonly Poller _poller;
    private readonly long _epoch;
    private readonly bool _countsNanos;
    private readonly ConcurrentQueue<(Action<object?> Action, object? State)> _posted = new();
    private readonly Queue<(Action<object?> Action, object? State)> _deferred = new();
    private readonly LoopSynchronizationContext _context;
    // So many wait at most: a bound on how long the first of them does.
    private readonly ITurnEnd?[] _turnEnds = new ITurnEnd?[32];
    private int _turnEndCount;
    private Thread? _thread;
    private int _sleeping;
    private volatile bool _stopping;
    private SynchronizationContext? _outerContext;

    public EventLoop(int index, Poller poller, TimeProvider time)
    {
        Index = index;
        Time = time;
        _poller = poller;
        _epoch = time.GetTimestamp();
        _countsNanos = time.TimestampFrequency == 1_000_000_000;
        _context = new LoopSynchronizationContext(this);
        // Zero means "never" in a deadline, so the clock starts at one.
        Millis = 1;
        Timers = new TimerWheel(Millis);
        Slabs = new SlabPool();
    }

    /// <summary>The loop whose thread this is, or null.</summary>
    public static EventLoop? Current => t_current;

    /// <summary>From 0; loops are numbered so that per-loop cells (metrics, records) can be found without a lookup.</summary>
    public int Index { get; }

    public TimeProvider Time { get; }

    public TimerWheel Timers { get; }

    public SlabPool Slabs { get; }

    /// <summary>Milliseconds on this loop's clock, read once per turn.</summary>
    public long Millis { get; private set; }

    /// <summary>Microseconds on this loop's clock, read now: for measuring, not for deadlines.</summary>
    public long MicrosNow
    {
        get
        {
            // Linux counts nanoseconds; the general way goes over floating point.
            var now = Time.GetTimestamp();
            return _countsNanos ? (long)((ulong)(now - _epoch) / 1000) : (long)Time.GetElapsedTime(_epoch, now).TotalMicroseconds;
        }
    }

    /// <summary>What the loop sleeps on; a network finds its own poller here.</summary>
    public Poller Poller => _poller;

    public bool IsOnThread => ReferenceEquals(t_current, this);

    /// <summary>
    /// Called with an exception that an action, an event or a timer let escape: a bug, but not the end of the other connections.
    /// Where it is not set, the exception ends the loop.
    /// </summary>
    public Action<Exception>? Unhandled { get; set; }

    /// <summary>Runs an action on the loop's thread, soon. From any thread; the order of one caller's posts is kept.</summary>
    public void Post(Action<object?> action, object? state)
    {
        _posted.Enqueue((action, state));
        // Only a sleeping loop costs a system call. The exchange orders the enqueue before the look (see Turn).
        if (Interlocked.Exchange(ref _sleeping, 0) == 1)
        {
            _poller.Wake();
        }
    }

    public void Post(Action action) => Post(static state => ((Action)state!)(), action);

    /// <summary>Runs a function on the loop's thread and brings its result to another thread's task.</summary>
    public Task<T> InvokeAsync<T>(Func<T> function)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(() =>
        {
            try
            {
                done.SetResult(function());
            }
            catch (Exception exception)
            {
                done.SetException(exception);
            }
        });
        return done.Task;
    }

    /// <summary>Runs an action later in this turn, on an empty stack: how code that completes others' operations avoids recursion. Loop thread only.</summary>
    public void Defer(Action<object?> action, object? state)
    {
        CheckThread();
        _deferred.Enqueue((action, state));
    }

    /// <summary>Calls back when this turn's events are handled, or earlier when much is waiting. Loop thread only.</summary>
    public void AtTurnEnd(ITurnEnd work)
    {
        CheckThread();
        _turnEnds[_turnEndCount++] = work;
        if (_turnEndCount == _turnEnds.Length)
        {
            RunTurnEnds();
        }
    }

    /// <summary>Completes after the time has passed, or at once when cancelled: true when the whole time passed.</summary>
    public ValueTask<bool> DelayAsync(TimeSpan time, CancellationToken cancellationToken = default) => new Delay(this).Start(time, cancellationToken);

    /// <summary>Starts the loop on a thread of its own.</summary>
    public void Start()
    {
        _thread = new Thread(Run) { IsBackground = true, Name = $"loop-{Index}" };
        _thread.Start();
    }

    /// <summary>Asks the loop to end after the present turn; from any thread.</summary>
    public void Stop()
    {
        _stopping = true;
        Interlocked.Exchange(ref _sleeping, 0);
        _poller.Wake();
    }

    /// <summary>Waits until a stopped loop's thread has ended.</summary>
    public bool Join(TimeSpan timeout) => _thread is null || _thread.Join(timeout);

    /// <summary>Runs on the calling thread until <see cref="Stop"/>.</summary>
    public void Run()
    {
        Enter();
        try
        {
            while (!_stopping)
            {
                Turn(mayBlock: true);
            }
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Runs turns on the calling thread until nothing is left to do now: how a test drives a loop with a hand-advanced clock.</summary>
    public void RunUntilIdle()
    {
        Enter();
        try
        {
            do
            {
                Turn(mayBlock: false);
            }
            while (!_posted.IsEmpty || _deferred.Count > 0 || Timers.UntilNext(ReadClock()) == 0);
        }
        finally
        {
            Leave();
        }
    }

    public void Dispose()
    {
        _poller.Dispose();
        Slabs.Dispose();
    }

    /// <summary>A loop object is touched on its own thread only; checked in debug builds.</summary>
    [System.Diagnostics.Conditional("DEBUG")]
    public void CheckThread()
    {
        if (!IsOnThread)
        {
            throw new InvalidOperationException($"loop {Index} is used from another thread");
        }
    }

    private void Enter()
    {
        t_current = this;
        _outerContext = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(_context);
        Millis = ReadClock();
    }

    private void Leave()
    {
        t_current = null;
        SynchronizationContext.SetSynchronizationContext(_outerContext);
    }

    private void Turn(bool mayBlock)
    {
        var wait = 0;
        if (mayBlock)
        {
            // Announced before the queue is looked at: a post either is seen here or sees the announcement and wakes us.
            Interlocked.Exchange(ref _sleeping, 1);
            wait = _posted.IsEmpty && _deferred.Count == 0 && !_stopping ? (int)Math.Min(int.MaxValue, Timers.UntilNext(ReadClock())) : 0;
        }

        _poller.Wait(wait);
        _sleeping = 0;
        // Before any handler runs: a deadline counted from the moment the loop fell asleep would have passed already.
        Millis = ReadClock();
        Dispatch();
        RunDeferred();
        AdvanceTimers();
        RunPosted();
        RunDeferred();
        RunTurnEnds();
    }

    private void RunTurnEnds()
    {
        for (var i = 0; i < _turnEndCount; i++)
        {
            // Taken out first: work that throws, or that fills the list up again, must not run twice.
            if (_turnEnds[i] is { } work)
            {
                _turnEnds[i] = null;
                try
                {
                    work.OnTurnEnd();
                }
                catch (Exception exception) when (Unhandled is not null)
                {
                    Unhandled(exception);
                }
            }
        }

        _turnEndCount = 0;
    }

    private void RunPosted()
    {
        // Bounded by what is there now, so that work which posts work cannot starve the sockets.
        for (var left = _posted.Count; left > 0 && _posted.TryDequeue(out var item); left--)
        {
            Invoke(item.Action, item.State);
        }
    }

    private void RunDeferred()
    {
        for (var left = MaxDeferredPerTurn; left > 0 && _deferred.TryDequeue(out var item); left--)
        {
            Invoke(item.Action, item.State);
        }
    }

    private void Dispatch()
    {
        while (true)
        {
            try
            {
                _poller.Dispatch();
                return;
            }
            catch (Exception exception) when (Unhandled is not null)
            {
                Unhandled(exception);
            }
        }
    }

    private void AdvanceTimers()
    {
        while (true)
        {
            try
            {
                Timers.Advance(Millis);
                return;
            }
            catch (Exception exception) when (Unhandled is not null)
            {
                Unhandled(exception);
            }
        }
    }

    private void Invoke(Action<object?> action, object? state)
    {
        try
        {
            action(state);
        }
        catch (Exception exception) when (Unhandled is not null)
        {
            Unhandled(exception);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private long ReadClock() => 1 + (MicrosNow / 1000);

    private sealed class Delay(EventLoop loop) : TimerNode
    {
        private readonly LoopOperation<bool> _operation = new();
        private CancellationTokenRegistration _registration;

        public ValueTask<bool> Start(TimeSpan time, CancellationToken cancellationToken)
        {
            loop.CheckThread();
            if (cancellationToken.IsCancellationRequested)
            {
                return new ValueTask<bool>(false);
            }

            var task = _operation.Start();
            loop.Timers.Arm(this, loop.Millis + Math.Max(0, (long)Math.Ceiling(time.TotalMilliseconds)));
            if (cancellationToken.CanBeCanceled)
            {
                _registration = cancellationToken.UnsafeRegister(static state => ((Delay)state!).RequestCancel(), this);
            }

            return task;
        }

        protected internal override void Fire()
        {
            _registration.Unregister();
            _operation.Complete(true);
        }

        private void RequestCancel()
        {
            if (loop.IsOnThread)
            {
                Cancel();
            }
            else
            {
                loop.Post(static state => ((Delay)state!).Cancel(), this);
            }
        }

        private void Cancel()
        {
            loop.Timers.Cancel(this);
            _operation.Complete(false);
        }
    }
}
