namespace Pillion.Core.Lifecycle;

/// <summary>Whose affair a condition is: the application is started when Pillion's own are met, so its own cannot be among them.</summary>
internal enum ConditionScope
{
    Pillion,
    Application,
}

/// <summary>One of the things that must hold for readiness, with a reason in words while it does not.</summary>
internal sealed class Condition
{
    private readonly Lifecycle _lifecycle;

    // Null means met. One reference, so that a reader never sees a verdict with another verdict's reason.
    private volatile string? _reason;

    public Condition(Lifecycle lifecycle, string name, ConditionScope scope, string reason)
    {
        _lifecycle = lifecycle;
        _reason = reason;
        Name = name;
        Scope = scope;
    }

    public string Name { get; }

    public ConditionScope Scope { get; }

    public bool IsMet => _reason is null;

    /// <summary>Why it is not met; null when it is.</summary>
    public string? Reason => _reason;

    /// <summary>What is worth knowing about it while it is met, such as how long that will last; asked when a page is.</summary>
    public Func<string?>? Detail { get; set; }

    public void Meet() => Change(null);

    public void Fail(string reason) => Change(reason);

    private void Change(string? reason)
    {
        if (_reason != reason)
        {
            _reason = reason;
            _lifecycle.Reconsider();
        }
    }
}
