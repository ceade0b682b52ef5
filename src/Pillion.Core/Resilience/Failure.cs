namespace Pillion.Core.Resilience;

/// <summary>Whose end an exchange failed at.</summary>
internal enum FailureSide : byte
{
    None,
    Downstream,
    Upstream,

    /// <summary>Pillion itself refused or could not.</summary>
    Local,
}

/// <summary>What went wrong, in one word; each has one status, one response flag, one Proxy-Status token and one sentence.</summary>
internal enum FailureKind : byte
{
    None,
    ConnectRefused,
    ConnectTimeout,
    ConnectFailed,

    /// <summary>The connection was made, and no TLS on it.</summary>
    TlsFailed,

    /// <summary>The upstream is not who it should be: its certificate was refused, or it refused ours.</summary>
    TlsCertificate,
    NameNotResolved,
    NoEndpoint,
    NoCluster,
    NoRoute,

    /// <summary>The upstream closed or reset before its answer was complete.</summary>
    ConnectionTerminated,

    /// <summary>The upstream's answer is not HTTP.</summary>
    ProtocolError,
    RefusedStream,

    /// <summary>The route's time-out ended.</summary>
    RouteTimeout,
    PerTryTimeout,
    IdleTimeout,
    RequestTimeout,
    RequestHeadTimeout,

    /// <summary>The client left before it had its answer.</summary>
    ClientGone,

    /// <summary>The client's bytes are not an acceptable request.</summary>
    BadRequest,
    RequestTooLarge,
    Overflow,
    LoopDetected,
    Draining,
    Internal,

    /// <summary>Who asks could not be established: no credential, or none that is believed.</summary>
    Unauthenticated,

    /// <summary>A policy does not allow it.</summary>
    Denied,
    RateLimited,

    /// <summary>A fault that the configuration asks for.</summary>
    FaultInjected,

    /// <summary>A service that a policy asks did not answer, and the policy does not let pass what it cannot check.</summary>
    PolicyUnavailable,

    /// <summary>Pillion is short of memory and sheds what it has not begun.</summary>
    Overloaded,

    /// <summary>The upstream's answer is larger than the configuration allows.</summary>
    ResponseTooLarge,
}

/// <summary>
/// A failed exchange as one value (DESIGN §3); retries decide on nothing else.
/// </summary>
/// <param name="SentAnything">At least one byte of the request may have reached the upstream.</param>
/// <param name="Reused">The connection had carried a request before.</param>
/// <param name="ReceivedAnything">At least one byte of the answer arrived.</param>
/// <param name="Cause">The system's or parser's own words, where there are any.</param>
internal readonly record struct Failure(
    FailureSide Side,
    FailureKind Kind,
    bool SentAnything = false,
    bool Reused = false,
    bool ReceivedAnything = false,
    string? Cause = null)
{
    public bool IsFailure => Kind != FailureKind.None;
}
