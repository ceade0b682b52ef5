namespace Pillion.Net.Detection;

/// <summary>Whether a peer sends a PROXY header before anything else.</summary>
internal enum ProxyHeaderUse : byte
{
    /// <summary>It must not: bytes that look like a header are its own.</summary>
    None,

    /// <summary>It may.</summary>
    Optional,

    /// <summary>It must: a connection without one is refused.</summary>
    Required,
}
