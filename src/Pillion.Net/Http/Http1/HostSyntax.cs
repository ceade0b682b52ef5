using System.Net;

namespace Pillion.Net.Http.Http1;

/// <summary>An authority without userinfo: reg-name, IPv4 or [IPv6], with an optional port (RFC 3986 §3.2.2, §3.2.3).</summary>
internal static class HostSyntax
{
    public static bool IsValid(ReadOnlySpan<byte> authority, bool portRequired = false)
    {
        ReadOnlySpan<byte> host;
        ReadOnlySpan<byte> rest;
        if (!authority.IsEmpty && authority[0] == '[')
        {
            var close = authority.IndexOf((byte)']');
            if (close < 0)
            {
                return false;
            }

            host = authority[1..close];
            rest = authority[(close + 1)..];

            // A zone ("%eth0") names an interface of the sender's machine; it means nothing here.
            if (!host.Contains((byte)':') || host.Contains((byte)'%') || !IPAddress.IsValidUtf8(host))
            {
                return false;
            }
        }
        else
        {
            var colon = authority.IndexOf((byte)':');
            host = colon < 0 ? authority : authority[..colon];
            rest = colon < 0 ? default : authority[colon..];
            if (host.IsEmpty || !IsRegName(host))
            {
                return false;
            }
        }

        return rest.IsEmpty ? !portRequired : rest[0] == ':' && IsPort(rest[1..], portRequired);
    }

    private static bool IsRegName(ReadOnlySpan<byte> host)
    {
        while (true)
        {
            var other = host.IndexOfAnyExcept(HttpBytes.RegName);
            if (other < 0)
            {
                return true;
            }

            if (host[other] != '%' || host.Length < other + 3 ||
                !char.IsAsciiHexDigit((char)host[other + 1]) || !char.IsAsciiHexDigit((char)host[other + 2]))
            {
                return false;
            }

            host = host[(other + 3)..];
        }
    }

    // RFC 3986 lets the port be empty: "example.com:".
    private static bool IsPort(ReadOnlySpan<byte> port, bool required)
    {
        var value = 0;
        foreach (var digit in port)
        {
            if (!HttpBytes.IsDigit(digit) || (value = value * 10 + (digit - '0')) > ushort.MaxValue)
            {
                return false;
            }
        }

        return !required || value > 0;
    }
}
