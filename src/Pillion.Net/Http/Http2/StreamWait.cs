using Pillion.Net.Loop;

namespace Pillion.Net.Http.Http2;

/// <summary>A wait on a stream that a token can end: what was waited for comes later then, to whoever waits again.</summary>
/// <param name="cancelled">What an ended wait comes to.</param>
internal sealed class StreamWait<T>(T cancelled)
{
    private readonly LoopOperation<T> _operation = new();
    private EventLoop _loop = null!;
    private CancellationTokenRegistration _registration;
    private CancellationToken _token;

    public bool IsPending => _operation.IsPending;

    public ValueTask<T> Start(EventLoop loop, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return new ValueTask<T>(cancelled);
        }

        var task = _operation.Start();
        if (cancellationToken.CanBeCanceled)
        {
            _loop = loop;
            _token = cancellationToken;
            _registration = cancellationToken.UnsafeRegister(static state => ((StreamWait<T>)state!).RequestCancel(), this);
        }

        return task;
    }

    public void Complete(T result)
    {
        if (_registration != default)
        {
            _registration.Unregister();
            _registration = default;
            _token = default;
        }

        _operation.Complete(result);
    }

    private void RequestCancel()
    {
        if (_loop.IsOnThread)
        {
            CancelIfAsked();
        }
        else
        {
            _loop.Post(static state => ((StreamWait<T>)state!).CancelIfAsked(), this);
        }
    }

    // The wait that the token belonged to may be over and another begun: what counts is the token of the wait of now.
    private void CancelIfAsked()
    {
        if (IsPending && _token.IsCancellationRequested)
        {
            Complete(cancelled);
        }
    }
}
