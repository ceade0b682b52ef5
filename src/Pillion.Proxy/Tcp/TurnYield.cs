using Pillion.Net.Loop;
using Pillion.Net.Sockets;

namespace Pillion.Proxy.Tcp;

/// <summary>Gives the rest of a loop's turn to the other connections; awaited again and again by one copy, as what it awaits otherwise.</summary>
internal sealed class TurnYield
{
    private static readonly Action<object?> Resume = static state => ((TurnYield)state!)._operation.Complete(IoResult.Done(0));

    private readonly LoopOperation<IoResult> _operation = new();

    /// <summary>Completes in the loop's next turn, after sockets and timers had theirs.</summary>
    public ValueTask<IoResult> NextTurnAsync(EventLoop loop)
    {
        var task = _operation.Start();
        loop.Post(Resume, this);
        return task;
    }
}
