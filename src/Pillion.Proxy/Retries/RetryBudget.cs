namespace Pillion.Proxy.Retries;

/// <summary>
/// Keeps retries to a share of a cluster's active requests, over all loops (Envoy: retry_budget), so that a failing upstream is not
/// buried under its own retries.
/// </summary>
internal sealed class RetryBudget(double percent, int minConcurrency)
{
    private int _activeRequests;
    private int _activeRetries;

    public int ActiveRequests => Volatile.Read(ref _activeRequests);

    public int ActiveRetries => Volatile.Read(ref _activeRetries);

    public void RequestBegins() => Interlocked.Increment(ref _activeRequests);

    public void RequestEnds() => Interlocked.Decrement(ref _activeRequests);

    /// <summary>Takes a place for a retry; true must be followed by <see cref="RetryEnds"/>.</summary>
    public bool TryBeginRetry()
    {
        var allowed = Math.Max(minConcurrency, (int)(Volatile.Read(ref _activeRequests) * percent / 100));
        if (Interlocked.Increment(ref _activeRetries) <= allowed)
        {
            return true;
        }

        Interlocked.Decrement(ref _activeRetries);
        return false;
    }

    public void RetryEnds() => Interlocked.Decrement(ref _activeRetries);
}
