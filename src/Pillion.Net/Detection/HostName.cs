using System.Net;

namespace Pillion.Net.Detection;

/// <summary>A DNS name as TLS names a server by: letters, digits, hyphens and underscores in labels (RFC 6066 §3, RFC 1123 §2.1).</summary>
internal static class HostName
{
    private const int MaxLength = 253;
    private const int MaxLabel = 63;

    /// <summary>The name in lower case and without a dot at its end; null when it is none, or an address.</summary>
    public static string? Read(ReadOnlySpan<byte> name)
    {
        if (name is [.., (byte)'.'])
        {
            name = name[..^1];
        }

        if (name.IsEmpty || name.Length > MaxLength)
        {
            return null;
        }

        var label = 0;
        foreach (var value in name)
        {
            if (value == '.')
            {
                if (label == 0)
                {
                    return null;
                }

                label = 0;
            }
            else if (!(char.IsAsciiLetterOrDigit((char)value) || value is (byte)'-' or (byte)'_') || ++label > MaxLabel)
            {
                return null;
            }
        }

        if (label == 0 || IPAddress.IsValidUtf8(name))
        {
            return null;
        }

        return string.Create(name.Length, name, static (text, name) =>
        {
            for (var i = 0; i < text.Length; i++)
            {
                text[i] = char.ToLowerInvariant((char)name[i]);
            }
        });
    }
}
