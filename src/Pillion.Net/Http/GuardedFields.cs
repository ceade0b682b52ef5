using System.Text;

namespace Pillion.Net.Http;

/// <summary>
/// The fields a client must not be able to imitate (with underscores) or take away (through Connection): those Pillion sets and those a
/// policy reads.
/// </summary>
internal static class GuardedFields
{
    // Longer names are compared with no known one; a policy's own names are shorter than this or not guarded against aliases.
    private const int MaxName = 256;

    public static bool IsGuarded(KnownField known, ReadOnlySpan<byte> name, FieldNameSet? policyNames) => known switch
    {
        // Read by nobody here: a client may spell them as it likes.
        KnownField.UserAgent or KnownField.CacheControl or KnownField.AcceptEncoding or KnownField.SetCookie or KnownField.RetryAfter =>
            policyNames?.Contains(name) == true,
        KnownField.Other => HasGuardedPrefix(name) || policyNames?.Contains(name) == true,
        _ => true,
    };

    /// <summary>
    /// The name has an underscore and is, with hyphens instead, a guarded one. Applications behind CGI conventions cannot tell the two
    /// apart.
    /// </summary>
    public static bool IsAlias(ReadOnlySpan<byte> name, FieldNameSet? policyNames)
    {
        if (name.Length > MaxName || !name.Contains((byte)'_'))
        {
            return false;
        }

        Span<byte> hyphenated = stackalloc byte[MaxName];
        hyphenated = hyphenated[..name.Length];
        name.Replace(hyphenated, (byte)'_', (byte)'-');
        return IsGuarded(KnownFields.Identify(hyphenated), hyphenated, policyNames);
    }

    private static bool HasGuardedPrefix(ReadOnlySpan<byte> name) =>
        StartsWith(name, "x-forwarded-"u8) || StartsWith(name, "x-envoy-"u8) || StartsWith(name, "x-pillion-"u8);

    private static bool StartsWith(ReadOnlySpan<byte> name, ReadOnlySpan<byte> prefix) =>
        name.Length > prefix.Length && Ascii.EqualsIgnoreCase(name[..prefix.Length], prefix);
}
