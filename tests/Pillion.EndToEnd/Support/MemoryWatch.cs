namespace Pillion.EndToEnd.Support;

/// <summary>The highest resident memory of a process while this is open.</summary>
internal sealed class MemoryWatch : IDisposable
{
    private readonly Timer _timer;
    private readonly Running _process;
    private long _highest;

    public MemoryWatch(Running process)
    {
        _process = process;
        Look();
        _timer = new Timer(_ => Look(), null, 20, 20);
    }

    public long Highest
    {
        get
        {
            Look();
            return Interlocked.Read(ref _highest);
        }
    }

    public void Dispose() => _timer.Dispose();

    private void Look()
    {
        var now = _process.ResidentBytes();
        if (now > Interlocked.Read(ref _highest))
        {
            Interlocked.Exchange(ref _highest, now);
        }
    }
}
