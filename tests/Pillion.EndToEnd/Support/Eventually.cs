using System.Diagnostics;

namespace Pillion.EndToEnd.Support;

/// <summary>Waits for what must come; the limit is generous, because it only ends a test that has failed.</summary>
internal static class Eventually
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    public static Task IsTrue(Func<bool> condition, string what) => IsTrue(() => Task.FromResult(condition()), what);

    public static async Task IsTrue(Func<Task<bool>> condition, string what)
    {
        var began = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            if (Stopwatch.GetElapsedTime(began) > Limit)
            {
                throw new TimeoutException($"waited {Limit.TotalSeconds:0} s in vain: {what}");
            }

            await Task.Delay(20);
        }
    }

    public static async Task<T> Gives<T>(Func<Task<T?>> ask, string what)
        where T : class
    {
        T? found = null;
        await IsTrue(async () => (found = await ask()) is not null, what);
        return found!;
    }

    /// <summary>The task's result; a hang becomes a failure that names what hung.</summary>
    public static async Task<T> Within<T>(Task<T> task, string what)
    {
        try
        {
            return await task.WaitAsync(Limit);
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"waited {Limit.TotalSeconds:0} s in vain: {what}");
        }
    }

    public static async Task Within(Task task, string what)
    {
        try
        {
            await task.WaitAsync(Limit);
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"waited {Limit.TotalSeconds:0} s in vain: {what}");
        }
    }
}
