using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Threading.Tasks.Sources;

namespace Pillion.Net.Loop;

/// <summary>Where a waiting async method's result will be; what <see cref="PooledMethodBuilder{T}"/> hands to the awaiting code.</summary>
internal abstract class PooledBox<T> : IValueTaskSource<T>, IValueTaskSource
{
    private Action<object?>? _continuation;
    private object? _state;
    private T _result = default!;
    private ExceptionDispatchInfo? _exception;
    private bool _completed;

    public short Version { get; private set; }

    public void SetResult(T result)
    {
        _result = result;
        Complete();
    }

    public void SetException(Exception exception)
    {
        _exception = ExceptionDispatchInfo.Capture(exception);
        Complete();
    }

    public ValueTaskSourceStatus GetStatus(short token)
    {
        CheckToken(token);
        return
            !_completed ? ValueTaskSourceStatus.Pending :
            _exception is null ? ValueTaskSourceStatus.Succeeded :
            _exception.SourceException is OperationCanceledException ? ValueTaskSourceStatus.Canceled : ValueTaskSourceStatus.Faulted;
    }

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
    {
        CheckToken(token);
        if (_completed)
        {
            continuation(state);
            return;
        }

        _continuation = continuation;
        _state = state;
    }

    public T GetResult(short token)
    {
        if (token != Version || !_completed)
        {
            throw new InvalidOperationException("The result was taken twice or too early.");
        }

        var result = _result;
        var exception = _exception;
        _result = default!;
        _exception = null;
        _completed = false;
        Version++;
        Return();
        exception?.Throw();
        return result;
    }

    void IValueTaskSource.GetResult(short token) => GetResult(token);

    protected abstract void Return();

    // The box serves another call by now: an awaiter that came twice would take that call's result.
    private void CheckToken(short token)
    {
        if (token != Version)
        {
            throw new InvalidOperationException("The result was taken already.");
        }
    }

    private void Complete()
    {
        _completed = true;
        var continuation = _continuation;
        if (continuation is not null)
        {
            var state = _state;
            _continuation = null;
            _state = null;
            continuation(state);
        }
    }
}

/// <summary>Holds the exception of a method that failed before it ever waited.</summary>
internal sealed class FailedBox<T> : PooledBox<T>
{
    protected override void Return()
    {
    }
}

/// <summary>The box of one async method: its state machine, its resume delegate made once, and the free list of its kind and thread.</summary>
internal sealed class PooledBox<T, TStateMachine> : PooledBox<T>
    where TStateMachine : IAsyncStateMachine
{
    // As many as one loop may have waiting at once in ordinary use; beyond it boxes are garbage like any other object.
    private const int MaxFree = 8192;

    [ThreadStatic]
    private static PooledBox<T, TStateMachine>? t_free;

    [ThreadStatic]
    private static int t_freeCount;

    private TStateMachine? _stateMachine;
    private PooledBox<T, TStateMachine>? _nextFree;

    private PooledBox() => MoveNextAction = MoveNext;

    public Action MoveNextAction { get; }

    /// <summary>The method's box: the one that it has, or one into which its state is now moved.</summary>
    public static PooledBox<T, TStateMachine> For(ref PooledBox<T>? current, ref TStateMachine stateMachine)
    {
        if (current is not null)
        {
            return (PooledBox<T, TStateMachine>)current;
        }

        var box = t_free;
        if (box is null)
        {
            box = new PooledBox<T, TStateMachine>();
        }
        else
        {
            t_free = box._nextFree;
            box._nextFree = null;
            t_freeCount--;
        }

        // The builder is a field of the state machine: it must know its box before the copy is made.
        current = box;
        box._stateMachine = stateMachine;
        return box;
    }

    protected override void Return()
    {
        _stateMachine = default;
        if (t_freeCount < MaxFree)
        {
            _nextFree = t_free;
            t_free = this;
            t_freeCount++;
        }
    }

    private void MoveNext() => _stateMachine!.MoveNext();
}
