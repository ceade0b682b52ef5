namespace Pillion.Core.Signals.Tracing;

/// <summary>How a trace is told from one hop to the next.</summary>
internal enum TraceFormat : byte
{
    /// <summary>W3C Trace Context: <c>traceparent</c> and <c>tracestate</c>.</summary>
    W3c,

    /// <summary>Zipkin's B3; either form is read, the single field <c>b3</c> is written.</summary>
    B3,

    /// <summary>B3 as above, written as the fields <c>X-B3-…</c>.</summary>
    B3Multi,
}
