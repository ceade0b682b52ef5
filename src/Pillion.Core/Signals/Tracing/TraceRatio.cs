namespace Pillion.Core.Signals.Tracing;

/// <summary>
/// A share of all traces, decided by the trace id itself: whoever asks for a smaller share elsewhere records some of the same traces. The last 56 bits
/// are the random ones (W3C Trace Context level 2, "random trace id").
/// </summary>
internal readonly struct TraceRatio
{
    private const ulong Random = (1UL << 56) - 1;

    private readonly ulong _below;

    /// <param name="percent">0 to 100.</param>
    public TraceRatio(double percent) => _below = (ulong)Math.Round(percent / 100 * (Random + 1));

    public bool Includes(ulong low) => (low & Random) < _below;
}
