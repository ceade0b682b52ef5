using Xunit;

namespace Pillion.Tests.Support;

/// <summary>Waits for what another thread is about to do, without a fixed sleep; fails after a generous real time.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    public static async Task IsAsync(Func<bool> condition)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < Patience, "what was waited for did not happen");
            await Task.Yield();
        }
    }
}
