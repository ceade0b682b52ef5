namespace Pillion.Net.Detection;

/// <summary>What the first bytes of a connection say about one protocol.</summary>
internal enum Recognition : byte
{
    /// <summary>It may be this; more bytes will tell.</summary>
    NeedMore,

    /// <summary>It is not this, whatever follows.</summary>
    No,

    /// <summary>It is this, complete.</summary>
    Yes,

    /// <summary>It begins as this does and then breaks its rules, or is larger than is accepted here.</summary>
    Malformed,
}
