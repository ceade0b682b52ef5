using Pillion.Core.Signals.Otlp;

namespace Pillion.Proxy.Telemetry;

/// <summary>
/// The exporters to collectors, one for each that a configuration names: a reload that names an equal one goes on with it and what waits in it.
/// </summary>
internal sealed class Exporters(ProxyRole role)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<OtlpConfig, (OtlpExporter Exporter, bool IsStarted)> _exporters = [];
    private readonly List<Task> _ending = [];
    private bool _isStopped;

    /// <summary>The running exporter of an equal configuration, or one that begins with <see cref="Use"/>.</summary>
    public OtlpExporter For(OtlpConfig config)
    {
        lock (_lock)
        {
            if (!_exporters.TryGetValue(config, out var known))
            {
                var context = role.Context;
                known = (new OtlpExporter(config, new OtlpOverCluster(role), context.Metrics, context.Loops.Count, role.Instance, context.Time, new Random(role.NextSeed()), context.Logger), false);
                _exporters.Add(config, known);
            }

            return known.Exporter;
        }
    }

    /// <summary>Says which collectors the running configuration names: those begin, what waits for the others is sent once more.</summary>
    public void Use(IReadOnlySet<OtlpConfig> live)
    {
        lock (_lock)
        {
            foreach (var (config, (exporter, isStarted)) in _exporters.ToArray())
            {
                if (live.Contains(config) && !isStarted && !_isStopped)
                {
                    exporter.Start();
                    _exporters[config] = (exporter, true);
                }
                else if (!live.Contains(config))
                {
                    _exporters.Remove(config);
                    if (isStarted)
                    {
                        _ending.RemoveAll(static task => task.IsCompleted);
                        _ending.Add(exporter.StopAsync(CancellationToken.None));
                    }
                }
            }
        }
    }

    /// <summary>Sends what waits now; for tests and for the end.</summary>
    public Task FlushAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return Task.WhenAll(_exporters.Values.Select(each => each.Exporter.FlushAsync(cancellationToken)));
        }
    }

    /// <summary>Sends the last batches, and ends.</summary>
    public Task StopAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            _isStopped = true;
            return Task.WhenAll([.. _ending, .. _exporters.Values.Where(each => each.IsStarted).Select(each => each.Exporter.StopAsync(cancellationToken))]);
        }
    }
}
