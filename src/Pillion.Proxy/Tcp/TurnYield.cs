using Pillion.Net.Loop;

namespace Pillion.Proxy.Tcp;

/// <summary>Gives the rest of a loop's turn to the other connections; awaited again and again by one copy.</summary>
internal sealed class TurnYield
{
    private static readonly Action<object?> Resume = static state => ((TurnYield)state!)._operation.Complete(true);

    private readonly LoopOperation<bool> _operation = new();

    /// <summary>Completes in the loop's next turn, after sockets and timers had theirs.</summary>
    public ValueTask<bool> NextTurnAsync(EventLoop loop)
    {
        var task = _operation.Start();
        loop.Post(Resume, this);
        return task;
    }
}
