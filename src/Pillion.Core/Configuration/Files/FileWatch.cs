namespace Pillion.Core.Configuration.Files;

/// <summary>
/// Notices that one of some files that belong together changed, by looking at their stamps each second: a look costs microseconds, works on every file
/// system (inotify is silent on network mounts and needs one watch per link of a ConfigMap), and cannot miss a change. A change counts when two looks
/// in a row agree, so that a file is not read while it is being written.
/// </summary>
internal sealed class FileWatch(IReadOnlyList<string> paths, TimeSpan interval, TimeProvider time)
{
    private FileStamp[] _known = Stamps(paths);
    private FileStamp[] _last = Stamps(paths);

    public FileWatch(string path, TimeSpan interval, TimeProvider time)
        : this([path], interval, time)
    {
    }

    /// <summary>Takes the present state as known, before the files are read.</summary>
    public void Accept() => _known = _last = Stamps(paths);

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

    /// <summary>True when a file has changed and all have kept still since the look before.</summary>
    internal bool Look()
    {
        var now = Stamps(paths);
        var isStill = now.AsSpan().SequenceEqual(_last);
        _last = now;
        if (!isStill || now.AsSpan().SequenceEqual(_known) || now.Contains(FileStamp.Missing))
        {
            return false;
        }

        _known = now;
        return true;
    }

    private static FileStamp[] Stamps(IReadOnlyList<string> paths) => [.. paths.Select(FileStamp.Of)];
}
