using Pillion.Net.Loop;

namespace Pillion.Net.Sockets;

/// <summary>The wait of a listener for its next connection, with the token of the caller that waits now.</summary>
internal sealed class PendingAccept(EventLoop loop)
{
    private readonly LoopOperation<AcceptResult> _operation = new();
    private CancellationTokenRegistration _registration;
    private CancellationToken _token;

    public bool IsPending => _operation.IsPending;

    public ValueTask<AcceptResult> Wait(CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return new ValueTask<AcceptResult>(new AcceptResult(null, IoError.Cancelled));
        }

        var task = _operation.Start();
        if (cancellationToken.CanBeCanceled)
        {
            _token = cancellationToken;
            _registration = cancellationToken.UnsafeRegister(static state => ((PendingAccept)state!).RequestCancel(), this);
        }

        return task;
    }

    public void Complete(AcceptResult result)
    {
        if (!IsPending)
        {
            return;
        }

        // Unregistered every time: an accept loop waits on one token for as long as the program lives.
        _registration.Unregister();
        _registration = default;
        _token = default;
        _operation.Complete(result);
    }

    private void RequestCancel()
    {
        if (loop.IsOnThread)
        {
            CancelIfAsked();
        }
        else
        {
            loop.Post(static state => ((PendingAccept)state!).CancelIfAsked(), this);
        }
    }

    // The wait that the token belonged to may be over and another begun: what counts is the token of the wait of now.
    private void CancelIfAsked()
    {
        if (IsPending && _token.IsCancellationRequested)
        {
            Complete(new AcceptResult(null, IoError.Cancelled));
        }
    }
}
