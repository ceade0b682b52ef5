namespace Pillion.Certificates;

/// <summary>Writes files so that a reader sees the old content or the new, never a part, and a key is never readable by others.</summary>
internal static class PrivateFile
{
    public static void Write(string path, string text, bool isSecret)
    {
        // Made anew and renamed into place: an old file's looser mode, or a link somebody put there, is never written through.
        var draft = $"{path}.{Environment.ProcessId}.new";
        File.Delete(draft);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (isSecret && !OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using (var writer = new StreamWriter(draft, options))
        {
            writer.Write(text);
        }

        File.Move(draft, path, overwrite: true);
    }
}
