namespace Pillion.Proxy.Mirroring;

/// <summary>Why a request was not copied, in the words of the metric.</summary>
internal static class MirrorDrop
{
    /// <summary>Pillion sheds mirrors because it is short of something.</summary>
    public const string Shed = "shed";

    /// <summary>Too many are on their way.</summary>
    public const string InFlight = "in_flight";

    public const string BodyTooLarge = "body_too_large";

    /// <summary>The request itself did not come to its end.</summary>
    public const string Incomplete = "incomplete";

    /// <summary>The copy was sent and not answered.</summary>
    public const string Failed = "failed";
}
