using System.Runtime.CompilerServices;
using Pillion.Core.Resilience;
using Pillion.Net.Loop;
using Pillion.Net.Sockets;

namespace Pillion.Proxy.Upstreams;

/// <summary>
/// The requests that wait for one connection, first come first served. Whoever is woken runs at once and may wait again, leave, or make others
/// leave: so each is taken out on its own, and only those that waited when the waking began are woken by it.
/// </summary>
internal sealed class SharedWaits(EventLoop loop)
{
    private readonly Stack<SharedWait> _free = new();
    private SharedWait? _first;
    private SharedWait? _last;
    private long _number;

    public int Count { get; private set; }

    /// <summary>Waits until something may have changed: a default failure means to look again.</summary>
    /// <param name="atFront">It was woken and found nothing: it keeps its turn.</param>
    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    public async ValueTask<(IoResult Result, Failure Failure)> WaitAsync(Deadline deadline, CancellationToken cancellationToken, bool atFront = false)
    {
        var wait = _free.TryPop(out var free) ? free : new SharedWait(loop);
        wait.Failure = default;
        Add(wait, atFront);
        var result = await wait.Io.Wait(deadline, cancellationToken);

        // One that was woken is out already.
        Remove(wait);
        var failure = wait.Failure;
        _free.Push(wait);
        return (result, failure);
    }

    public void Wake(in Failure failure)
    {
        var last = _number;
        while (FirstUpTo(last) is { } wait)
        {
            Remove(wait);
            wait.Failure = failure;
            wait.Io.Complete(IoResult.Done(1));
        }
    }

    // One that was woken and kept its turn stands before those that are still to be woken.
    private SharedWait? FirstUpTo(long last)
    {
        var wait = _first;
        while (wait is not null && wait.Number > last)
        {
            wait = wait.Next;
        }

        return wait;
    }

    /// <summary>Wakes whoever has waited longest.</summary>
    public void WakeFirst()
    {
        if (_first is { } wait)
        {
            Remove(wait);
            wait.Failure = default;
            wait.Io.Complete(IoResult.Done(1));
        }
    }

    private void Add(SharedWait wait, bool atFront)
    {
        wait.Number = ++_number;
        if (atFront && _first is not null)
        {
            wait.Next = _first;
            _first.Previous = wait;
            _first = wait;
            Count++;
            return;
        }

        wait.Previous = _last;
        if (_last is null)
        {
            _first = wait;
        }
        else
        {
            _last.Next = wait;
        }

        _last = wait;
        Count++;
    }

    private void Remove(SharedWait wait)
    {
        if (wait.Number == 0)
        {
            return;
        }

        wait.Number = 0;
        if (wait.Previous is null)
        {
            _first = wait.Next;
        }
        else
        {
            wait.Previous.Next = wait.Next;
        }

        if (wait.Next is null)
        {
            _last = wait.Previous;
        }
        else
        {
            wait.Next.Previous = wait.Previous;
        }

        wait.Next = wait.Previous = null;
        Count--;
    }
}
