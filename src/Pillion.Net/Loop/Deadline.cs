namespace Pillion.Net.Loop;

/// <summary>A moment on a loop's clock by which an operation must be done; the default is never.</summary>
/// <param name="Millis">Loop milliseconds; 0 is never.</param>
internal readonly record struct Deadline(long Millis)
{
    public static Deadline Never => default;

    public bool IsNever => Millis == 0;

    /// <summary>The deadline this far from now; zero and less mean never.</summary>
    public static Deadline After(EventLoop loop, TimeSpan time) =>
        time <= TimeSpan.Zero ? default : new(loop.Millis + Math.Max(1, (long)time.TotalMilliseconds));

    public bool HasPassed(EventLoop loop) => Millis != 0 && Millis <= loop.Millis;

    /// <summary>Whichever comes first.</summary>
    public Deadline Or(Deadline other) => IsNever ? other : other.IsNever || Millis <= other.Millis ? this : other;
}
