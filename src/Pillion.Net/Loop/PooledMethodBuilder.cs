using System.Runtime.CompilerServices;

namespace Pillion.Net.Loop;

/// <summary>
/// Builds async methods of the request path: <c>[AsyncMethodBuilder(typeof(PooledMethodBuilder&lt;&gt;))]</c>. A method that must wait keeps its
/// state in a box from a free list of its thread, so that in the steady state any number of waiting requests allocates nothing
/// (the runtime's own pooling builder keeps only one box per core). Execution contexts do not flow: nothing on a loop uses AsyncLocal.
/// </summary>
internal struct PooledMethodBuilder<T>
{
    private PooledBox<T>? _box;
    private T _result;
    private bool _completedInline;

    public static PooledMethodBuilder<T> Create() => default;

    public readonly ValueTask<T> Task =>
        _completedInline ? new ValueTask<T>(_result) :
        _box is not null ? new ValueTask<T>(_box, _box.Version) : throw new InvalidOperationException();

    public readonly void Start<TStateMachine>(ref TStateMachine stateMachine)
        where TStateMachine : IAsyncStateMachine => stateMachine.MoveNext();

    public readonly void SetStateMachine(IAsyncStateMachine stateMachine)
    {
    }

    public void SetResult(T result)
    {
        if (_box is null)
        {
            _result = result;
            _completedInline = true;
        }
        else
        {
            _box.SetResult(result);
        }
    }

    public void SetException(Exception exception)
    {
        _box ??= new FailedBox<T>();
        _box.SetException(exception);
    }

    public void AwaitOnCompleted<TAwaiter, TStateMachine>(ref TAwaiter awaiter, ref TStateMachine stateMachine)
        where TAwaiter : INotifyCompletion
        where TStateMachine : IAsyncStateMachine => awaiter.OnCompleted(PooledBox<T, TStateMachine>.For(ref _box, ref stateMachine).MoveNextAction);

    public void AwaitUnsafeOnCompleted<TAwaiter, TStateMachine>(ref TAwaiter awaiter, ref TStateMachine stateMachine)
        where TAwaiter : ICriticalNotifyCompletion
        where TStateMachine : IAsyncStateMachine => awaiter.UnsafeOnCompleted(PooledBox<T, TStateMachine>.For(ref _box, ref stateMachine).MoveNextAction);
}

/// <summary>As <see cref="PooledMethodBuilder{T}"/> for methods without a result.</summary>
internal struct PooledMethodBuilder
{
    private PooledBox<bool>? _box;
    private bool _completedInline;

    public static PooledMethodBuilder Create() => default;

    public readonly ValueTask Task =>
        _completedInline ? default :
        _box is not null ? new ValueTask(_box, _box.Version) : throw new InvalidOperationException();

    public readonly void Start<TStateMachine>(ref TStateMachine stateMachine)
        where TStateMachine : IAsyncStateMachine => stateMachine.MoveNext();

    public readonly void SetStateMachine(IAsyncStateMachine stateMachine)
    {
    }

    public void SetResult()
    {
        if (_box is null)
        {
            _completedInline = true;
        }
        else
        {
            _box.SetResult(true);
        }
    }

    public void SetException(Exception exception)
    {
        _box ??= new FailedBox<bool>();
        _box.SetException(exception);
    }

    public void AwaitOnCompleted<TAwaiter, TStateMachine>(ref TAwaiter awaiter, ref TStateMachine stateMachine)
        where TAwaiter : INotifyCompletion
        where TStateMachine : IAsyncStateMachine => awaiter.OnCompleted(PooledBox<bool, TStateMachine>.For(ref _box, ref stateMachine).MoveNextAction);

    public void AwaitUnsafeOnCompleted<TAwaiter, TStateMachine>(ref TAwaiter awaiter, ref TStateMachine stateMachine)
        where TAwaiter : ICriticalNotifyCompletion
        where TStateMachine : IAsyncStateMachine => awaiter.UnsafeOnCompleted(PooledBox<bool, TStateMachine>.For(ref _box, ref stateMachine).MoveNextAction);
}
