using System.Threading.Tasks.Sources;

namespace Pillion.Net.Loop;

/// <summary>
/// One awaitable thing that a loop object does again and again: started, completed, its result taken, started again. Completion runs the
/// awaiting code at once, on the loop's thread: no scheduler, no captured context, no allocation.
/// </summary>
internal class LoopOperation<T> : IValueTaskSource<T>
{
    private Action<object?>? _continuation;
    private object? _state;
    private T _result = default!;
    private short _version;
    private bool _completed;

    /// <summary>Started and not yet completed.</summary>
    public bool IsPending { get; private set; }

    public ValueTask<T> Start()
    {
        if (IsPending)
        {
            throw new InvalidOperationException("The operation is already under way.");
        }

        IsPending = true;
        _completed = false;
        return new ValueTask<T>(this, ++_version);
    }

    public virtual void Complete(T result)
    {
        if (!IsPending)
        {
            return;
        }

        IsPending = false;
        _completed = true;
        _result = result;
        var continuation = _continuation;
        if (continuation is not null)
        {
            var state = _state;
            _continuation = null;
            _state = null;
            continuation(state);
        }
    }

    ValueTaskSourceStatus IValueTaskSource<T>.GetStatus(short token)
    {
        CheckToken(token);
        return _completed ? ValueTaskSourceStatus.Succeeded : ValueTaskSourceStatus.Pending;
    }

    void IValueTaskSource<T>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
    {
        CheckToken(token);
        if (_completed)
        {
            continuation(state);
            return;
        }

        if (_continuation is not null)
        {
            throw new InvalidOperationException("The operation is awaited twice.");
        }

        _continuation = continuation;
        _state = state;
    }

    T IValueTaskSource<T>.GetResult(short token)
    {
        if (token != _version || !_completed)
        {
            throw new InvalidOperationException("The result was taken twice or too early.");
        }

        var result = _result;
        _result = default!;
        _completed = false;
        return result;
    }

    // An awaiter of an earlier start would take the result of this one.
    private void CheckToken(short token)
    {
        if (token != _version)
        {
            throw new InvalidOperationException("The operation was started again; this start is over.");
        }
    }
}
