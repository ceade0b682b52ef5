using Pillion.Proxy.Filters.Jwt.Jose;

namespace Pillion.Proxy.Filters.Jwt.Keys;

/// <summary>Where the keys of one provider come from. Any loop may ask.</summary>
internal abstract class KeySource
{
    /// <summary>The newest good ones; null where there never were any.</summary>
    public abstract JsonWebKeys? Current { get; }

    /// <summary>Why there are none.</summary>
    public virtual string WhyNone => "its keys could not be read";

    /// <summary>Has the keys looked for once more; null where that is no use, or too soon. The task ends when that is done, well or not.</summary>
    public virtual Task? LookAgain() => null;
}
