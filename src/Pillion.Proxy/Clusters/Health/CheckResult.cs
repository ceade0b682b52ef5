namespace Pillion.Proxy.Clusters.Health;

/// <summary>What one check found.</summary>
internal enum CheckOutcome
{
    Passed,

    /// <summary>It answered, and not as one that serves does: counted like no answer.</summary>
    Failed,

    /// <summary>It answered what takes it out at once.</summary>
    Refused,

    /// <summary>It did not answer.</summary>
    NoAnswer,
}

/// <param name="Problem">Why it did not pass, in words.</param>
internal readonly record struct CheckResult(CheckOutcome Outcome, string Problem = "")
{
    public bool IsGood => Outcome == CheckOutcome.Passed;
}
