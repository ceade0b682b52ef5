using System.Globalization;
using Pillion.Net.Linux;

namespace Pillion.Net.Memory;

/// <summary>
/// The pages of the program's own file that starting has brought into memory: the runtime reads all of its data once, and the system maps what lies around each page
/// that is touched. Most are never needed again. They are let go; the few that are come back from the page cache when they are touched.
/// </summary>
internal static unsafe class StartupPages
{
    /// <summary>Lets go of them. Nothing that was ever written to is touched; where the system does not tell, nothing is done. Reads /proc: not for a loop's thread.</summary>
    /// <returns>Bytes of the mappings that were let go of.</returns>
    public static long Release()
    {
        if (!OperatingSystem.IsLinux() || Environment.ProcessPath is not { } program)
        {
            return 0;
        }

        var released = 0L;
        try
        {
            (nint Start, nint Length, bool IsOurs) mapping = default;
            foreach (var line in File.ReadLines("/proc/self/smaps"))
            {
                if (TryRead(line, program, out var next))
                {
                    mapping = next;
                }

                // Anonymous are the pages that were written to and so are copies of the file's: a mapping that has such is left alone.
                else if (line.StartsWith("Anonymous:", StringComparison.Ordinal) && mapping.IsOurs && line.EndsWith(" 0 kB", StringComparison.Ordinal)
                         && Libc.AdviseMemory((void*)mapping.Start, (nuint)mapping.Length, Libc.MADV_DONTNEED) == 0)
                {
                    released += mapping.Length;
                }
            }
        }
        catch (IOException)
        {
            // A sandbox without /proc.
        }

        return released;
    }

    // "55d0c000-55d1f000 r-xp 00022000 fe:00 1174 /usr/bin/pillion": a mapping of the program's file that cannot be written to.
    private static bool TryRead(string line, string program, out (nint Start, nint Length, bool IsOurs) mapping)
    {
        mapping = default;
        var dash = line.IndexOf('-');
        var space = line.IndexOf(' ');
        if (dash <= 0 || space <= dash || line.Length < space + 5
            || !long.TryParse(line.AsSpan(0, dash), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var start)
            || !long.TryParse(line.AsSpan(dash + 1, space - dash - 1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var end))
        {
            return false;
        }

        mapping = ((nint)start, (nint)(end - start), line[space + 2] == '-' && line.EndsWith(program, StringComparison.Ordinal));
        return true;
    }
}
