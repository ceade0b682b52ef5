namespace Pillion.Core.Configuration.Files;

/// <summary>
/// What tells one state of a file from the next without reading it: where its symbolic links end, its size and its time. A mounted ConfigMap changes
/// by swapping the link <c>..data</c> in a parent directory, so every link on the way counts.
/// </summary>
internal readonly record struct FileStamp(string Target, long Size, long ModifiedTicks)
{
    public static readonly FileStamp Missing = new("", -1, 0);

    public static FileStamp Of(string path)
    {
        try
        {
            var target = Resolve(Path.GetFullPath(path));
            var file = new FileInfo(target);
            return file.Exists ? new FileStamp(target, file.Length, file.LastWriteTimeUtc.Ticks) : Missing;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return Missing;
        }
    }

    // .NET resolves a link at the end of a path, but not those in the middle.
    private static string Resolve(string path)
    {
        const int mostLinks = 40;
        var rest = new Stack<string>(Parts(path));
        var resolved = Path.GetPathRoot(path)!;
        for (var links = 0; rest.TryPop(out var part);)
        {
            if (part == "..")
            {
                resolved = Path.GetDirectoryName(resolved) ?? resolved;
                continue;
            }

            var next = Path.Combine(resolved, part);
            if (part == "." || new FileInfo(next).LinkTarget is not { } link)
            {
                resolved = part == "." ? resolved : next;
                continue;
            }

            if (++links > mostLinks)
            {
                throw new IOException("too many symbolic links");
            }

            resolved = Path.IsPathRooted(link) ? Path.GetPathRoot(link)! : resolved;
            foreach (var linkPart in Parts(link))
            {
                rest.Push(linkPart);
            }
        }

        return resolved;

        // Reversed, so that the first part is on top of the stack.
        static IEnumerable<string> Parts(string path) =>
            path[(Path.GetPathRoot(path)?.Length ?? 0)..].Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries).Reverse();
    }
}
