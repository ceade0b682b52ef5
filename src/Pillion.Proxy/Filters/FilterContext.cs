using Pillion.Core.Configuration;
using Pillion.Core.Identity.Secrets;
using Pillion.Core.Signals.Metrics;

namespace Pillion.Proxy.Filters;

/// <summary>What a filter is given to live on when it is compiled.</summary>
internal sealed class FilterContext(ProxyContext program, string statPrefix, FilterStates states)
{
    /// <summary>Metrics, clock, log, secrets.</summary>
    public ProxyContext Program => program;

    /// <summary>Files that this configuration uses, watched. Taken anew by each configuration, also for a state that is kept.</summary>
    public required SecretSet Secrets { get; init; }

    /// <summary>What makes the configuration one that cannot run.</summary>
    public required List<string> Mistakes { private get; init; }

    /// <summary>Notes that the configuration cannot run, though it was read without a mistake: a file is missing, say.</summary>
    public void Fail(SourceLine source, string mistake) => Mistakes.Add($"{source}: {mistake}");

    public int Loops => program.Loops.Count;

    /// <summary>
    /// What the filter remembers (the tokens of a bucket, fetched keys): that of the running configuration where the filter's settings are the same
    /// at the same place, else a new one. Disposed, where it can be, when no configuration has it any more.
    /// </summary>
    public T Keep<T>(FilterConfig config, Func<T> make) where T : class => states.Keep(statPrefix, config, make);

    /// <summary>A filter's cells, by loop.</summary>
    public FilterMetrics[] MetricsFor(string filter) => [.. Enumerable.Range(0, Loops).Select(loop => program.Metrics.Filter($"{statPrefix}.{filter}", loop))];
}
