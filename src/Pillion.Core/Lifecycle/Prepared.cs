namespace Pillion.Core.Lifecycle;

/// <summary>
/// What a role made of a configuration, beside what is running: nothing is visible yet. Exactly one of <see cref="Commit"/> and
/// <see cref="Abandon"/> is called, and only a preparation without mistakes is committed.
/// </summary>
internal abstract class Prepared
{
    /// <summary>Why the configuration cannot be run, such as a port in use: one sentence each.</summary>
    public abstract IReadOnlyList<string> Mistakes { get; }

    /// <summary>Makes it the running one and retires the old; cannot fail.</summary>
    public abstract void Commit();

    /// <summary>Gives back what was prepared; the old one runs on.</summary>
    public abstract void Abandon();
}
