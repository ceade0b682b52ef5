using Pillion.Net.Loop;
using Xunit;

namespace Pillion.Tests.Support;

/// <summary>Runs test code on a loop that has a thread of its own.</summary>
internal static class LoopThread
{
    // Only reached by a bug: a test that would otherwise hang.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public static Task RunAsync(this EventLoop loop, Func<Task> body) => loop.RunAsync(async () =>
    {
        await body();
        return true;
    });

    public static Task<T> RunAsync<T>(this EventLoop loop, Func<Task<T>> body)
    {
        // The test goes on elsewhere: its code must not run inside the loop.
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        loop.Post(() => _ = CompleteAsync());
        return done.Task.WaitAsync(Patience);

        async Task CompleteAsync()
        {
            try
            {
                done.SetResult(await body());
            }
            catch (Exception exception)
            {
                done.SetException(exception);
            }
        }
    }

    public static void StopAndDispose(this EventLoop loop)
    {
        loop.Stop();
        Assert.True(loop.Join(Patience));
        loop.Dispose();
    }
}
