namespace Pillion.Tests.Core.Signals;

/// <summary>Counts the bytes that an action allocates once it is warm.</summary>
internal static class Allocations
{
    public static long Of(Action action, int times = 1000)
    {
        for (var i = 0; i < 200; i++)
        {
            action();
        }

        // The runtime itself allocates now and then on this thread (tiering): the least of several rounds is the action's own.
        var least = long.MaxValue;
        for (var round = 0; round < 5; round++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < times; i++)
            {
                action();
            }

            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }
}
