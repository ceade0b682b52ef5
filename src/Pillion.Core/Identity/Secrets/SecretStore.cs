using Microsoft.Extensions.Logging;
using Pillion.Core.Signals.Metrics;

namespace Pillion.Core.Identity.Secrets;

/// <summary>Every secret that some configuration uses, watched by one task. What two configurations name alike is one secret, so that a reload keeps it.</summary>
internal sealed partial class SecretStore(MetricRegistry metrics, TimeProvider time, ILogger logger)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<object, Secret> _secrets = [];

    /// <summary>Told after each look at all of them, by the task that looks.</summary>
    public event Action? Looked;

    /// <summary>Begins the list of what one configuration uses.</summary>
    public SecretSet Begin() => new(this);

    /// <summary>Watches until cancelled.</summary>
    public async Task WatchAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                await Task.Delay(Secret.LookInterval, time, cancellationToken).ConfigureAwait(false);
                LookAtAll();
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
        }
    }

    internal void LookAtAll()
    {
        Secret[] secrets;
        lock (_lock)
        {
            secrets = [.. _secrets.Values];
        }

        foreach (var secret in secrets)
        {
            try
            {
                secret.Look();
            }
            catch (Exception exception)
            {
                // A bug in one place must not end the watch over all: certificates would run out in silence.
                LogNotLooked(logger, secret.Name, exception);
            }
        }

        Looked?.Invoke();
    }

    /// <summary>One use of what a source makes; null with a fault where it makes nothing good.</summary>
    internal Secret<T>? Take<T>(SecretSource<T> source, out SecretFault? fault)
        where T : class
    {
        fault = null;
        lock (_lock)
        {
            if (_secrets.TryGetValue(source, out var known))
            {
                known.Users++;
                return (Secret<T>)known;
            }
        }

        // Read outside of the lock: preparations come one at a time, and the task that watches is not held up by a slow disk.
        var opened = Secret<T>.TryOpen(source, time, metrics.Secrets.Cells(source.Name, 0), logger, out fault);
        if (opened is null)
        {
            return null;
        }

        lock (_lock)
        {
            opened.Users = 1;
            _secrets.Add(source, opened);
        }

        if (opened.Life is not null)
        {
            var cells = metrics.Certificates.Cells(opened.Name, 0);
            cells.Time = time;
            cells.NotAfter = () => EndOf(opened.Name);
        }

        return opened;
    }

    internal void GiveBack(object source)
    {
        HashSet<string> names;
        lock (_lock)
        {
            if (_secrets.TryGetValue(source, out var secret) && --secret.Users == 0)
            {
                _secrets.Remove(source);
            }

            names = [.. _secrets.Values.Select(used => used.Name)];
        }

        metrics.Secrets.Retain(names);
        metrics.Certificates.Retain(names);
    }

    // Asked by name: a file may be part of an identity and of something else, and of a configuration that never came to run.
    private DateTimeOffset EndOf(string name)
    {
        lock (_lock)
        {
            return _secrets.Values.Where(secret => secret.Name == name).Select(secret => secret.Life?.NotAfter).Min() ?? default;
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{File} could not be looked at; it stays in use and is looked at again")]
    private static partial void LogNotLooked(ILogger logger, string file, Exception exception);
}
