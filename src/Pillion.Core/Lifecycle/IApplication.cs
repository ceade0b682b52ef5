namespace Pillion.Core.Lifecycle;

/// <summary>The application beside us, as stopping sees it: our own child process, or one that somebody else started.</summary>
internal interface IApplication
{
    /// <summary>We started it: it is told to end, waited for, and its exit code becomes ours.</summary>
    bool IsOurs { get; }

    /// <summary>Completes with the exit code when our application has ended; never where it is not ours.</summary>
    Task<int> Exited { get; }

    /// <summary>Whether it has certainly gone, such as when its port refuses; false when that is not known.</summary>
    ValueTask<bool> IsGoneAsync(CancellationToken cancellationToken);

    /// <summary>Passes on what we were told: end in an orderly way.</summary>
    void RequestExit(int signal);

    /// <summary>Ends it and what it started at once.</summary>
    void Kill();
}
