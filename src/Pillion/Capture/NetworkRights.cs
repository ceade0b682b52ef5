using System.Globalization;
using System.Runtime.Versioning;

namespace Pillion.Capture;

/// <summary>Whether this process may change the packet filter of its network namespace.</summary>
[SupportedOSPlatform("linux")]
internal static class NetworkRights
{
    public const string Missing = "changing the packet filter takes CAP_NET_ADMIN: run it as root, or give the container the capability NET_ADMIN";

    // linux/capability.h
    private const int NetAdmin = 12;

    public static bool HasNetAdmin(string statusFile = "/proc/self/status")
    {
        const string label = "CapEff:";
        var line = File.ReadLines(statusFile).FirstOrDefault(line => line.StartsWith(label, StringComparison.Ordinal));
        return line is not null
            && ulong.TryParse(line.AsSpan(label.Length).Trim(), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var effective)
            && (effective >> NetAdmin & 1) != 0;
    }
}
