using System.Runtime.CompilerServices;

namespace Pillion.Proxy.Listeners;

/// <summary>
/// Holds the serving of one stream until its end, as nobody awaits it: a task whose result is never taken would not give its state back to its
/// pool. Used again for the next stream.
/// </summary>
internal sealed class StreamServing
{
    private readonly Stack<StreamServing> _free;
    private readonly Action _end;
    private ValueTaskAwaiter _awaiter;

    public StreamServing(Stack<StreamServing> free)
    {
        _free = free;
        _end = End;
    }

    public void Hold(ValueTask task)
    {
        _awaiter = task.GetAwaiter();
        if (_awaiter.IsCompleted)
        {
            End();
        }
        else
        {
            _awaiter.UnsafeOnCompleted(_end);
        }
    }

    private void End()
    {
        var awaiter = _awaiter;
        _awaiter = default;
        _free.Push(this);
        awaiter.GetResult();
    }
}
