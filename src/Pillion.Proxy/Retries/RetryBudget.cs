namespace Pillion.Proxy.Retries;

/// <summary>
/// Keeps retries to a share of a cluster's active requests, over all loops (Envoy: retry_budget), or to a fixed number (Envoy: max_retries), so that a
/// failing upstream is not buried under its own retries.
/// </summary>
/// <param name="maxRetries">Takes the place of share and floor; null where these count.</param>
internal sealed class RetryBudget(double percent, int minConcurrency, int? maxRetries = null)
{
    private int _activeRequests;
    private int _activeRetries;

    public int ActiveRequests => Volatile.Read(ref _activeRequests);

    public int ActiveRetries => Volatile.Read(ref _activeRetries);

    /// <summary>Retries that may still begin now.</summary>
    public int Remaining => Math.Max(0, Allowed - ActiveRetries);

    private int Allowed => maxRetries ?? Math.Max(minConcurrency, (int)(Volatile.Read(ref _activeRequests) * percent / 100));

    public void RequestBegins() => Interlocked.Increment(ref _activeRequests);

    public void RequestEnds() => Interlocked.Decrement(ref _activeRequests);

    /// <summary>Takes a place for a retry; true must be followed by <see cref="RetryEnds"/>.</summary>
    public bool TryBeginRetry()
    {
        var allowed = Allowed;
        if (Interlocked.Increment(ref _activeRetries) <= allowed)
        {
            return true;
        }

        Interlocked.Decrement(ref _activeRetries);
        return false;
    }

    public void RetryEnds() => Interlocked.Decrement(ref _activeRetries);
}
