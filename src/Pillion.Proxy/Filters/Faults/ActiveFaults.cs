namespace Pillion.Proxy.Filters.Faults;

/// <summary>Requests that are being held back now, on all loops.</summary>
internal sealed class ActiveFaults
{
    private int _count;

    /// <param name="most">0 is no limit.</param>
    public bool TryBegin(int most)
    {
        if (Interlocked.Increment(ref _count) <= most || most == 0)
        {
            return true;
        }

        End();
        return false;
    }

    public void End() => Interlocked.Decrement(ref _count);
}
