using Pillion.Core.Signals.Metrics;

namespace Pillion.Proxy.Clusters.Dns;

/// <summary>
/// Looks one name of a cluster up again and again, and publishes what changed. Runs off the loops. A failed lookup, an empty or negative answer
/// included, keeps the last addresses: a DNS server in trouble must not take a working upstream away.
/// </summary>
internal sealed class DnsRefresh(
    ClusterEndpoints cluster, ResolvedName name, INameResolver resolver, TimeProvider time, Random random, ClusterMetrics metrics,
    Action<ResolutionReport> report)
{
    /// <summary>A shorter time to live, 0 included, is read as this.</summary>
    public static readonly TimeSpan MinTimeToLive = TimeSpan.FromSeconds(1);

    // Up to a tenth later than due, never earlier, so that many sidecars started together do not ask together for ever.
    private const double Jitter = 0.1;

    private bool _isFirst = true;

    /// <summary>Until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                Interlocked.Increment(ref metrics.LookupAttempts);
                var answer = await resolver.ResolveAsync(name.Name, cluster.Config.DnsFamily, cancellationToken);
                Take(answer);
                await Task.Delay(Wait(answer), time, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The cluster is gone.
        }
    }

    private void Take(NameAnswer answer)
    {
        var before = name.State;
        if (answer.IsFailure)
        {
            Interlocked.Increment(ref metrics.LookupFailures);
            name.State = before with { Error = answer.Error, Lookups = before.Lookups + 1, Failures = before.Failures + 1 };
            if (before.Error is null)
            {
                Report(ResolutionEvent.Failed, answer.Error!);
            }
        }
        else
        {
            Interlocked.Increment(ref metrics.LookupSuccesses);
            name.State = before with { AnsweredAt = time.GetUtcNow(), Error = null, Lookups = before.Lookups + 1 };
            var changed = cluster.Update(name, answer.Addresses);
            if (before.Error is not null)
            {
                Report(ResolutionEvent.Recovered, Addresses(answer));
            }
            else if (changed)
            {
                Report(ResolutionEvent.Changed, Addresses(answer));
            }
        }

        if (_isFirst)
        {
            _isFirst = false;
            cluster.CountFirstAnswer();
        }
    }

    private TimeSpan Wait(NameAnswer answer)
    {
        var refresh = cluster.Config.DnsRefresh;
        var due = answer switch
        {
            { IsFailure: true } when name.State.AnsweredAt is null => refresh < MinTimeToLive ? refresh : MinTimeToLive,
            { IsFailure: false, TimeToLive: { } ttl } when cluster.Config.RespectDnsTtl => ttl < MinTimeToLive ? MinTimeToLive : ttl,
            _ => refresh,
        };
        return due * (1 + (Jitter * random.NextDouble()));
    }

    private void Report(ResolutionEvent what, string detail) => report(new(cluster.Name, name.Name, what, detail));

    private static string Addresses(NameAnswer answer) => string.Join(", ", answer.Addresses.Select(address => address.ToString()));
}
