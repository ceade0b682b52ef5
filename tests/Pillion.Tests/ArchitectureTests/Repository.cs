namespace Pillion.Tests.ArchitectureTests;

/// <summary>The clone this test was built from.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    public static string PathOf(string relative) => Path.Combine(Root, relative);

    private static string FindRoot()
    {
        for (var folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Combine(folder, "Pillion.slnx")))
            {
                return folder;
            }
        }

        throw new InvalidOperationException("the tests do not run inside a clone of the repository");
    }
}
