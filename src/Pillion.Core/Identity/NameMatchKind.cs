namespace Pillion.Core.Identity;

/// <summary>How a name is compared.</summary>
internal enum NameMatchKind : byte
{
    /// <summary>The whole name; a certificate's wildcard covers a DNS name as RFC 6125 §6.4.3 says.</summary>
    Exact,
    Prefix,
    Suffix,
    Contains,
}
