namespace Pillion.Core.Signals.Tracing;

/// <summary>Where a request stands in its trace: ids as numbers, so that a record holds them without an object.</summary>
internal struct TracePosition
{
    /// <summary>The first and the last half of the trace id; both zero where there is no trace.</summary>
    public ulong High;
    public ulong Low;

    /// <summary>Our own span, of the request as it was received; 0 where none is recorded.</summary>
    public ulong Span;

    /// <summary>The caller's span; 0 where the trace begins here.</summary>
    public ulong Parent;

    /// <summary>Somebody records this trace: so the flag says that is sent on.</summary>
    public bool IsSampled;

    /// <summary>Our own spans of it are recorded.</summary>
    public bool IsRecorded;

    public readonly bool HasTrace => (High | Low) != 0;
}
