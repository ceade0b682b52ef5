namespace Pillion.Net.Detection;

/// <summary>What the first bytes of a connection came to.</summary>
internal enum DetectedKind : byte
{
    /// <summary>Not looked for.</summary>
    Undetected,
    Tls,
    Http1,
    Http2,

    /// <summary>Bytes of no protocol that is known here.</summary>
    Opaque,

    /// <summary>The client said nothing in time. No error: it may wait for the server to speak first, so the upstream is to be opened now.</summary>
    Silent,

    /// <summary>The connection ended or failed without a byte to pass on.</summary>
    Ended,

    /// <summary>The peer broke a rule (<see cref="Detected.Violation"/>); the connection is to be closed.</summary>
    Violation,
}
