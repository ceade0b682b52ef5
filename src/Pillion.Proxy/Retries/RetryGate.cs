using Pillion.Core.Resilience;
using Pillion.Core.Signals;
using Pillion.Core.Signals.Metrics;
using Pillion.Net.Http;
using Pillion.Proxy.Forwarding;
using Pillion.Proxy.Upstreams;

namespace Pillion.Proxy.Retries;

/// <summary>
/// Lets one more try of a request through, or says why not: what the failure allows, who else tries again, how many the policy asks for, whether the
/// body can be sent again, the time there is, and the cluster's budget, in this order. It holds the places in the budget until the tries have ended.
/// </summary>
internal sealed class RetryGate
{
    private Exchange _exchange = null!;
    private Cluster _cluster = null!;
    private ClusterMetrics _metrics = null!;
    private RetryPolicy? _policy;
    private RetryBudget _budget = null!;
    private OuterRetries _outer;
    private TimeSpan? _told;
    private int _held;

    /// <summary>Somebody before us tries again, and we leave it to them.</summary>
    public bool IsYielding { get; private set; }

    /// <param name="policy">Null where there is none, or it is not for this request.</param>
    public void Begin(Exchange exchange, Cluster cluster, ClusterMetrics metrics, RetryPolicy? policy, RetryBudget budget)
    {
        _exchange = exchange;
        _cluster = cluster;
        _metrics = metrics;
        _policy = policy;
        _budget = budget;
        _held = 0;
        _outer = OuterRetries.Of(exchange.Request);
        IsYielding = policy is { Config.Yields: true } && _outer.AreMade;
    }

    /// <summary>Behind a try that ended without an answer.</summary>
    /// <param name="retry">Retries made so far.</param>
    /// <param name="isReplayable">All that was sent of the body can be sent again.</param>
    public bool MayFollow(in Failure failure, int retry, bool isReplayable)
    {
        _told = null;
        if (!RetryDecision.MayRetry(failure, _exchange.Request, _policy))
        {
            return false;
        }

        // Nobody has begun to work on what never arrived, so no other layer knows of it; and a connection that had died in our own pool is our own matter.
        var isOurs = failure is { SentAnything: false } or { Kind: FailureKind.RefusedStream } or { Kind: FailureKind.ConnectionTerminated, Reused: true, ReceivedAnything: false };
        if (!isOurs && Yields())
        {
            return false;
        }

        // The one retry that nobody has to ask for is bounded by the pool: a fresh connection is not a reused one.
        var asked = _policy?.Config.Retries ?? 0;
        // What the upstream has not worked on was no load on it, and is none when it comes again.
        var isFree = failure.Kind == FailureKind.RefusedStream && retry == 0;
        var allowed = failure is { Kind: FailureKind.ConnectionTerminated, Reused: true, ReceivedAnything: false } or { Kind: FailureKind.RefusedStream } ? Math.Max(1, asked) : asked;
        return TryBegin(retry, allowed, isReplayable, isFree);
    }

    /// <summary>Behind an answer that the policy names.</summary>
    public bool MayFollow(ResponseHead answer, int retry, bool isReplayable)
    {
        _told = null;
        return _policy is not null && RetryDecision.MayRetry(answer, _exchange.Request, _policy) && !Yields() && HasTimeFor(answer) && TryBegin(retry, _policy.Config.Retries, isReplayable);
    }

    /// <summary>Behind a gRPC call whose status the policy names.</summary>
    public bool MayFollowCall(int grpcStatus, ResponseHead answer, int retry, bool isReplayable)
    {
        _told = null;
        return _policy is not null && RetryDecision.MayRetryCall(grpcStatus, _policy) && !Yields() && HasTimeFor(answer) && TryBegin(retry, _policy.Config.Retries, isReplayable);
    }

    /// <summary>Beside a try that is late and not ended.</summary>
    public bool MayHedge(int retry)
    {
        if (_policy is null || retry >= _policy.Config.Retries || !_policy.IsRepeatable(_exchange.Request) || Yields())
        {
            return false;
        }

        if (!_budget.TryBeginRetry())
        {
            // No flag: the try that is late may still answer.
            _exchange.Record.AddVerdict("retry", "no: the retry budget of the cluster is used up", _cluster.Config.Source);
            _metrics.RetriesOverflow++;
            return false;
        }

        _held++;
        _metrics.Retries++;
        _metrics.Hedges++;
        return true;
    }

    /// <summary>Tells the next hop of the try that is about to be sent, where the policy or the virtual host asks for it.</summary>
    /// <param name="counts">The virtual host asks for the count of tries here, whatever came with the request (Envoy: include_request_attempt_count).</param>
    public void Announce(RequestHead request, int retry, bool counts)
    {
        if (counts)
        {
            default(OuterRetries).Announce(request, retry + 1, left: null);
        }
        else if (_policy is { Announces: true } && !IsYielding)
        {
            _outer.Announce(request, retry, Math.Max(0, _policy.Config.Retries - retry));
        }
    }

    /// <summary>How long to wait before the try that was just allowed: as long as the answer asked for, else a little longer each time.</summary>
    public TimeSpan Wait(int retry)
    {
        if (_told is { } told)
        {
            _metrics.RetriesBackoffRateLimited++;
            return told;
        }

        _metrics.RetriesBackoffExponential++;
        return BackOff.Next(_policy!.Config, retry, _exchange.Loop.Random);
    }

    /// <summary>The answer that the client gets is here.</summary>
    /// <param name="isRetry">It is not that of the first try.</param>
    public void AnswerCame(int status, bool isRetry)
    {
        if (_held > 0 && isRetry && status < 500)
        {
            _metrics.RetriesSucceeded++;
        }

        End();
    }

    /// <summary>Gives the places in the budget back, where some are held.</summary>
    public void End()
    {
        for (; _held > 0; _held--)
        {
            _budget.RetryEnds();
        }
    }

    private bool Yields()
    {
        if (IsYielding)
        {
            _metrics.RetriesYielded++;
            _exchange.Record.AddVerdict("retry", _outer.Attempt > 1 ? "no: it came as a retry, and whoever sent it tries again" : "no: whoever sent it tries again", _policy!.Config.Source);
        }

        return IsYielding;
    }

    // An answer that says when to come again is not asked for sooner; where that is too late, it is better told to the client at once.
    private bool HasTimeFor(ResponseHead answer)
    {
        if (_policy!.Reset is not { } reset || reset.Read(answer.Fields, _exchange.Loop.UtcTicks) is not { } wait)
        {
            return true;
        }

        if (wait > reset.Config.Max)
        {
            return reset.Config.IgnoresLonger || No("the answer asks for a longer wait than is made");
        }

        if (!_exchange.Limits.Allows(wait))
        {
            return No("the answer asks for a longer wait than the route's timeout leaves");
        }

        // Spread as far as there is time for it.
        var spread = BackOff.AsTold(wait, _exchange.Loop.Random);
        _told = _exchange.Limits.Allows(spread) ? spread : wait;
        return true;
    }

    private bool No(string why)
    {
        _exchange.Record.AddVerdict("retry", "no: " + why, _policy?.Config.Source ?? default);
        return false;
    }

    private bool TryBegin(int retry, int allowed, bool isReplayable, bool isFree = false)
    {
        if (retry >= allowed)
        {
            if (allowed > 0)
            {
                _exchange.Record.Flags |= ResponseFlags.URX;
                _metrics.RetriesLimitExceeded++;
            }

            return false;
        }

        if (!isReplayable)
        {
            return No("the request body is larger than what is kept for another try");
        }

        End();
        if (isFree)
        {
            _metrics.Retries++;
            return true;
        }

        return TryTake();
    }

    private bool TryTake()
    {
        if (!_budget.TryBeginRetry())
        {
            _exchange.Record.Flags |= ResponseFlags.UO;
            _exchange.Record.AddVerdict("retry", "no: the retry budget of the cluster is used up", _cluster.Config.Source);
            _metrics.RetriesOverflow++;
            return false;
        }

        _held++;
        _metrics.Retries++;
        return true;
    }
}
