using Pillion.Core.Resilience;
using Pillion.Core.Signals;
using Pillion.Core.Signals.Metrics;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Forwarding;
using Pillion.Proxy.Upstreams;

namespace Pillion.Proxy.Retries;

/// <summary>
/// Lets one more try of a request through, or says why not: what the failure allows, how many the policy asks for, whether the body can
/// be sent again, and the cluster's budget, in this order. It holds the place in the budget until the try has ended.
/// </summary>
internal sealed class RetryGate
{
    private Exchange _exchange = null!;
    private Cluster _cluster = null!;
    private ClusterMetrics _metrics = null!;
    private RetryConfig? _policy;
    private RetryBudget _budget = null!;
    private bool _isRetry;

    public void Begin(Exchange exchange, Cluster cluster, ClusterMetrics metrics, RetryConfig? policy, RetryBudget budget)
    {
        _exchange = exchange;
        _cluster = cluster;
        _metrics = metrics;
        _policy = policy;
        _budget = budget;
        _isRetry = false;
    }

    /// <summary>Behind a try that ended without an answer.</summary>
    /// <param name="retry">Retries made so far.</param>
    /// <param name="isReplayable">All that was sent of the body can be sent again.</param>
    public bool MayFollow(in Failure failure, int retry, bool isReplayable)
    {
        if (!RetryDecision.MayRetry(failure, _exchange.Request, _policy))
        {
            return false;
        }

        // The one retry that nobody has to ask for is bounded by the pool: a fresh connection is not a reused one.
        var asked = _policy?.Retries ?? 0;
        // What the upstream has not worked on was no load on it, and is none when it comes again.
        var isFree = failure.Kind == FailureKind.RefusedStream && retry == 0;
        var allowed = failure is { Kind: FailureKind.ConnectionTerminated, Reused: true, ReceivedAnything: false } or { Kind: FailureKind.RefusedStream } ? Math.Max(1, asked) : asked;
        return TryBegin(retry, allowed, isReplayable, isFree);
    }

    /// <summary>Behind an answer whose status the policy names.</summary>
    public bool MayFollow(int status, int retry, bool isReplayable) =>
        _policy is not null && RetryDecision.MayRetry(status, _exchange.Request, _policy) && TryBegin(retry, _policy.Retries, isReplayable);

    /// <summary>Behind a gRPC call whose status the policy names.</summary>
    public bool MayFollowCall(int grpcStatus, int retry, bool isReplayable) =>
        _policy is not null && RetryDecision.MayRetryCall(grpcStatus, _policy) && TryBegin(retry, _policy.Retries, isReplayable);

    /// <summary>The last try brought the answer that the client gets.</summary>
    public void AnswerCame(int status)
    {
        if (_isRetry && status < 500)
        {
            _metrics.RetriesSucceeded++;
        }

        End();
    }

    /// <summary>Gives the place in the budget back, where one is held.</summary>
    public void End()
    {
        if (_isRetry)
        {
            _isRetry = false;
            _budget.RetryEnds();
        }
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
            _exchange.Record.AddVerdict("retry", "no: the request body is larger than what is kept for another try", _policy?.Source ?? default);
            return false;
        }

        End();
        if (isFree)
        {
            _metrics.Retries++;
            return true;
        }

        if (!_budget.TryBeginRetry())
        {
            _exchange.Record.Flags |= ResponseFlags.UO;
            _exchange.Record.AddVerdict("retry", "no: the retry budget of the cluster is used up", _cluster.Config.Source);
            _metrics.RetriesOverflow++;
            return false;
        }

        _isRetry = true;
        _metrics.Retries++;
        return true;
    }
}
