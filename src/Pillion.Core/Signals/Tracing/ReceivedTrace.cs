namespace Pillion.Core.Signals.Tracing;

/// <summary>What a request says of the trace that it belongs to.</summary>
internal struct ReceivedTrace
{
    public ulong High;
    public ulong Low;
    public ulong Parent;

    /// <summary>The caller's decision; null where it leaves that to us.</summary>
    public bool? IsSampled;

    public readonly bool HasTrace => (High | Low) != 0 && Parent != 0;
}
