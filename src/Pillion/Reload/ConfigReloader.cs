using Microsoft.Extensions.Logging;
using Pillion.Core.Configuration.Files;

namespace Pillion.Reload;

/// <summary>
/// Reads the configuration again when its file changes or SIGHUP asks, all or nothing: any mistake, in the file or while preparing it, and the running
/// configuration stays. One reload at a time; what is asked meanwhile is done once, after it.
/// </summary>
/// <param name="load">Reads the file.</param>
/// <param name="apply">Prepares and commits; returns why it cannot be run, empty when it now runs.</param>
internal sealed partial class ConfigReloader<TConfig>(
    string file,
    Func<string, LoadResult<TConfig>> load,
    Func<TConfig, CancellationToken, Task<IReadOnlyList<string>>> apply,
    TimeProvider time,
    ILogger logger) : IDisposable
    where TConfig : class
{
    private static readonly TimeSpan WatchInterval = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _one = new(1);
    private readonly FileWatch _watch = new(file, WatchInterval, time);
    private int _waiting;
    private volatile ReloadStatus _status = new();

    public ReloadStatus Status => _status;

    /// <summary>The configuration that runs; null before the first.</summary>
    public TConfig? Running { get; private set; }

    /// <summary>Told of every outcome.</summary>
    public Action<ReloadStatus>? Finished { get; set; }

    /// <summary>Reads and applies the file now. True when it runs.</summary>
    public async Task<bool> ReloadAsync(CancellationToken cancellationToken)
    {
        // The one that waits will read a newer file than any that is asked for now.
        if (Interlocked.Exchange(ref _waiting, 1) == 1)
        {
            return false;
        }

        await _one.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            Volatile.Write(ref _waiting, 0);
            return await ReloadOnceAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Watches the file until cancelled.</summary>
    public Task WatchAsync(CancellationToken cancellationToken) => _watch.RunAsync(() => ReloadAsync(cancellationToken), cancellationToken);

    public void Dispose() => _one.Dispose();

    private async Task<bool> ReloadOnceAsync(CancellationToken cancellationToken)
    {
        _watch.Accept();
        var loaded = load(file);
        var mistakes = loaded.Mistakes;
        if (loaded.Config is { } config && mistakes.Count == 0)
        {
            if (config.Equals(Running))
            {
                Succeed(config, changed: false);
                return true;
            }

            mistakes = await apply(config, cancellationToken).ConfigureAwait(false);
            if (mistakes.Count == 0)
            {
                Succeed(config, changed: true);
                return true;
            }
        }

        Refuse(mistakes);
        return false;
    }

    private void Succeed(TConfig config, bool changed)
    {
        Running = config;
        _status = _status with
        {
            Succeeded = _status.Succeeded + 1,
            RunningSince = changed ? time.GetUtcNow() : _status.RunningSince,
            RefusedAt = null,
            Mistakes = [],
        };
        if (_status.Succeeded > 1)
        {
            LogReloaded(logger, file, changed ? "changed and runs now" : "says what is running already");
        }

        Finished?.Invoke(_status);
    }

    private void Refuse(IReadOnlyList<string> mistakes)
    {
        _status = _status with { Failed = _status.Failed + 1, RefusedAt = time.GetUtcNow(), Mistakes = mistakes };
        foreach (var mistake in mistakes)
        {
            LogMistake(logger, mistake);
        }

        if (Running is not null)
        {
            LogRefused(logger, file, mistakes.Count);
        }

        Finished?.Invoke(_status);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{File} {What}")]
    private static partial void LogReloaded(ILogger logger, string file, string what);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Mistake}")]
    private static partial void LogMistake(ILogger logger, string mistake);

    [LoggerMessage(Level = LogLevel.Error, Message = "{File} was refused ({Count} mistakes); the configuration from before runs on")]
    private static partial void LogRefused(ILogger logger, string file, int count);
}
