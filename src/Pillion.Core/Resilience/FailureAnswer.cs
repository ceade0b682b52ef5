using Pillion.Core.Signals;

namespace Pillion.Core.Resilience;

/// <summary>What a kind of failure means outside: one row of <see cref="FailureTable"/>.</summary>
internal sealed record FailureAnswer
{
    public required FailureKind Kind { get; init; }

    /// <summary>The status Pillion answers with; 0 when nobody is left to answer.</summary>
    public required int Status { get; init; }

    public required ResponseFlags Flags { get; init; }

    /// <summary>The Proxy-Status error type (RFC 9209 §2.3); empty when no answer is made.</summary>
    public required string ProxyError { get; init; }

    /// <summary>The gRPC status code that stands for it.</summary>
    public required int GrpcStatus { get; init; }

    /// <summary>Envoy's RESPONSE_CODE_DETAILS, where Envoy knows the case.</summary>
    public required string Details { get; init; }

    /// <summary>The downstream connection is closed after the answer: what follows on it cannot be trusted or is not wanted.</summary>
    public bool Close { get; init; }

    /// <summary>The sentence; <see cref="Explanations"/> fills it in.</summary>
    public required string Sentence { get; init; }
}
