using System.Globalization;

namespace Pillion.Core.Overload;

/// <summary>
/// Memory as Linux tells it: resident pages of the process, and of its control group what cannot be taken back at once. Pages of files that were read lately
/// count for the group but go away when memory is short, so they are no sign of trouble (the kubelet reckons so as well).
/// </summary>
internal sealed class SystemMemory : IMemoryMeter
{
    private const string Root = "/sys/fs/cgroup";

    private readonly string? _group = OperatingSystem.IsLinux() ? FindGroup("/proc/self/cgroup", Root) : null;

    public long Process()
    {
        if (OperatingSystem.IsLinux() && TryRead("/proc/self/statm") is { } text && text.Split(' ') is [_, var resident, ..] && long.TryParse(resident, CultureInfo.InvariantCulture, out var pages))
        {
            return pages * Environment.SystemPageSize;
        }

        return Environment.WorkingSet;
    }

    public MemoryUse Group() => _group is null ? default : ReadGroup(_group);

    /// <summary>The nearest group upwards that has a limit (version 2); null where there is none.</summary>
    internal static string? FindGroup(string file, string root)
    {
        var path = (TryRead(file) ?? "").Split('\n').FirstOrDefault(line => line.StartsWith("0::/", StringComparison.Ordinal))?[3..];
        if (path is null)
        {
            return null;
        }

        // Inside a container the path may be that of the host, which is not there to be seen: then the root is the container's own.
        for (var directory = Path.Join(root, path).TrimEnd('/'); directory.Length >= root.Length; directory = Path.GetDirectoryName(directory) ?? "")
        {
            if (Number(TryRead(Path.Join(directory, "memory.max"))) > 0)
            {
                return directory;
            }
        }

        return null;
    }

    internal static MemoryUse ReadGroup(string directory)
    {
        var used = Number(TryRead(Path.Join(directory, "memory.current")));
        foreach (var line in (TryRead(Path.Join(directory, "memory.stat")) ?? "").Split('\n'))
        {
            if (line.StartsWith("inactive_file ", StringComparison.Ordinal))
            {
                used = Math.Max(0, used - Number(line[14..]));
            }
        }

        return new MemoryUse(used, Number(TryRead(Path.Join(directory, "memory.max"))));
    }

    // "max" is no limit.
    private static long Number(string? text) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;

    private static string? TryRead(string file)
    {
        try
        {
            return File.ReadAllText(file).Trim();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
