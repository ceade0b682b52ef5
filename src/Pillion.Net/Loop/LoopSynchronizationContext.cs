namespace Pillion.Net.Loop;

/// <summary>Brings loop code that awaited an ordinary task (a name lookup, say) back to its loop. Loop operations never use it: they complete inline.</summary>
internal sealed class LoopSynchronizationContext(EventLoop loop) : SynchronizationContext
{
    public override void Post(SendOrPostCallback callback, object? state) =>
        loop.Post(static item =>
        {
            var (callback, state) = (Tuple<SendOrPostCallback, object?>)item!;
            callback(state);
        }, Tuple.Create(callback, state));

    public override void Send(SendOrPostCallback callback, object? state) => throw new NotSupportedException("a loop is never waited for");

    public override SynchronizationContext CreateCopy() => this;
}
