using Pillion.Net.Sockets;

namespace Pillion.Net.Detection;

/// <summary>What was learnt from the first bytes of a connection; the bytes themselves were put back.</summary>
internal readonly record struct Detected(DetectedKind Kind)
{
    /// <summary>What the TLS client says of itself; null where it is none, or was not asked for.</summary>
    public ClientHello? Hello { get; init; }

    /// <summary>The PROXY header that was read; its addresses have become those of the connection.</summary>
    public ProxyHeader? ProxyHeader { get; init; }

    public DetectionViolation Violation { get; init; }

    /// <summary>With <see cref="DetectedKind.Ended"/>: the failure, or none where the peer closed in order.</summary>
    public IoError Error { get; init; }

    /// <summary>How many bytes were seen and put back, a PROXY header not counted.</summary>
    public int BytesSeen { get; init; }

    public string? ServerName => Hello?.ServerName;

    public IReadOnlyList<string> ApplicationProtocols => Hello?.ApplicationProtocols ?? [];
}
