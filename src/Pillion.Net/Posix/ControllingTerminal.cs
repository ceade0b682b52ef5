namespace Pillion.Net.Posix;

/// <summary>The terminal that controls us, where there is one.</summary>
internal static class ControllingTerminal
{
    /// <summary>We are in the foreground of a terminal: what is typed there (Ctrl-C) is sent by the kernel to our whole process group.</summary>
    public static bool IsForeground => TryGetForegroundGroup(out var group) && group == SpawnCalls.GetGroup();

    /// <summary>There is one among our three standard streams; false after it hung up.</summary>
    public static bool Exists => TryGetForegroundGroup(out _);

    private static bool TryGetForegroundGroup(out int group)
    {
        group = -1;
        if (OperatingSystem.IsWindows())
        {
            return false;
        }

        // tcgetpgrp fails on everything that is not our controlling terminal.
        for (var fd = 0; fd <= 2 && group < 0; fd++)
        {
            group = SpawnCalls.GetForegroundGroup(fd);
        }

        return group >= 0;
    }
}
