namespace Pillion.Core.Signals.Watching;

/// <summary>Who looks at requests now. While nobody does, a request pays one read for it.</summary>
internal sealed class RequestWatchers
{
    /// <summary>Each costs every request a little; more at once is no person who looks.</summary>
    public const int Most = 8;

    private readonly Lock _lock = new();
    private volatile IRequestWatcher[] _open = [];

    public IRequestWatcher[] Open => _open;

    /// <summary>False: so many look already.</summary>
    public bool TryAdd(IRequestWatcher watcher)
    {
        lock (_lock)
        {
            if (_open.Length >= Most)
            {
                return false;
            }

            _open = [.. _open, watcher];
            return true;
        }
    }

    /// <summary>A loop that is in the midst of telling may tell it once more.</summary>
    public void Remove(IRequestWatcher watcher)
    {
        lock (_lock)
        {
            _open = [.. _open.Where(other => other != watcher)];
        }
    }
}
