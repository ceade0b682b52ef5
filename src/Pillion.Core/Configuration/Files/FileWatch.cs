namespace Pillion.Reload;

/// <summary>
/// Notices that a file changed, by looking at its stamp each second: a look costs microseconds, works on every file system (inotify is silent on
/// network mounts and needs one watch per link of a ConfigMap), and cannot miss a change. A change counts when two looks in a row agree, so that a
/// file is not read while it is being written.
/// </summary>
internal sealed class FileWatch(string path, TimeSpan interval, TimeProvider time)
{
    private FileStamp _known = FileStamp.Of(path);
    private FileStamp _last = FileStamp.Of(path);

    /// <summary>Takes the present state as known, before the file is read.</summary>
    public void Accept() => _known = _last = FileStamp.Of(path);

    /// <summary>Calls back after every change until cancelled. A file that is gone is no change: editors remove before they rename.</summary>
    public async Task RunAsync(Func<Task> changed, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                await Task.Delay(interval, time, cancellationToken).ConfigureAwait(false);
                if (Look())
                {
                    await changed().ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
        }
    }

    /// <summary>True when the file has changed and has kept still since the look before.</summary>
    internal bool Look()
    {
        var now = FileStamp.Of(path);
        var isStill = now == _last;
        _last = now;
        if (!isStill || now == _known || now == FileStamp.Missing)
        {
            return false;
        }

        _known = now;
        return true;
    }
}
