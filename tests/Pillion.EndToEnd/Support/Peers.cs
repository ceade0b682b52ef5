using Xunit;

namespace Pillion.EndToEnd.Support;

/// <summary>The programs beside which the binary is tested. Where one is missing, the test that needs it is skipped and says so.</summary>
internal static class Peers
{
    // Debian keeps daemons in sbin, which is not on everybody's PATH; its own python3 sees the modules that apt installs, another may not.
    private static readonly string[] Directories =
        [.. new[] { "/usr/bin", "/usr/sbin", "/bin", "/sbin" }, .. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries)];

    /// <summary>The path of a program, or the test is skipped.</summary>
    public static string Need(string program)
    {
        var path = Find(program);
        Assert.SkipUnless(path is not null, $"'{program}' is not installed; ./test.sh installs it where apt may");
        return path!;
    }

    public static string? Find(string program) => Directories.Select(directory => Path.Combine(directory, program)).FirstOrDefault(File.Exists);

    /// <summary>The binary under test; without it nothing here means anything, so that is a failure and no skip.</summary>
    public static string Pillion { get; } = FindPillion();

    public static string RepositoryRoot { get; } = FindRoot();

    private static string FindPillion()
    {
        var named = Environment.GetEnvironmentVariable("PILLION_BINARY");
        var path = named is { Length: > 0 } ? named : Path.Combine(FindRoot(), "out", "pillion");
        return File.Exists(path) ? path : throw new InvalidOperationException($"there is no binary at '{path}': run ./build.sh, or name one in PILLION_BINARY");
    }

    private static string FindRoot()
    {
        for (var directory = AppContext.BaseDirectory; directory is not null; directory = Path.GetDirectoryName(directory))
        {
            if (File.Exists(Path.Combine(directory, "Pillion.slnx")))
            {
                return directory;
            }
        }

        throw new InvalidOperationException("the tests do not run inside the repository");
    }
}
