using Pillion.Core.Configuration;
using Pillion.Proxy.Configuration;

namespace Pillion.Proxy.Filters.Faults;

/// <summary>Faults on purpose, to see how callers bear them (Envoy: HTTPFault).</summary>
internal sealed record FaultConfig : FilterConfig
{
    public override FilterKind Kind => FilterKinds.Fault;

    public override IEnumerable<string> FieldsRead => Headers.Select(header => header.Name).Where(name => !name.StartsWith(':'));

    /// <summary>Zero: no delay, unless a header asks for one.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>Requests that are delayed, in per cent.</summary>
    public double DelayPercent { get; init; } = 100;

    /// <summary>The answer's status; 0 answers nothing, unless a header asks for it.</summary>
    public int AbortStatus { get; init; }

    /// <summary>The status of gRPC calls that are ended; null is what the HTTP status stands for.</summary>
    public int? AbortGrpcStatus { get; init; }

    public double AbortPercent { get; init; } = 100;

    /// <summary>A caller may ask for a delay by <c>x-envoy-fault-delay-request</c>, milliseconds (Envoy: header_delay).</summary>
    public bool HeaderDelay { get; init; }

    /// <summary>A caller may ask for an answer by <c>x-envoy-fault-abort-request</c>, a status (Envoy: header_abort).</summary>
    public bool HeaderAbort { get; init; }

    /// <summary>Only requests for which all of these are true.</summary>
    public ValueList<ValueMatchConfig> Headers { get; init; } = [];

    /// <summary>Requests that are delayed at the same time, all loops together; above it they pass unharmed. 0 is no limit.</summary>
    public int MaxActive { get; init; }
}
