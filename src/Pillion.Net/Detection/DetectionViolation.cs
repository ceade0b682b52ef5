namespace Pillion.Net.Detection;

/// <summary>Why a connection is refused by its first bytes.</summary>
internal enum DetectionViolation : byte
{
    None,

    /// <summary>A PROXY header is required, and something else came.</summary>
    ProxyHeaderMissing,

    /// <summary>A PROXY header that breaks the protocol's rules, fails its checksum or is too long.</summary>
    ProxyHeaderMalformed,

    /// <summary>No PROXY header, or not all of it, in time.</summary>
    ProxyHeaderTimedOut,

    /// <summary>A TLS hello was begun and not finished in time.</summary>
    ClientHelloTimedOut,
}
