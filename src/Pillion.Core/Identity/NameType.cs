namespace Pillion.Core.Identity;

/// <summary>The kinds of alternative name that a peer can be known by (RFC 5280 §4.2.1.6).</summary>
internal enum NameType : byte
{
    /// <summary>A name of any kind.</summary>
    Any,
    Dns,
    Uri,
    IpAddress,
}
