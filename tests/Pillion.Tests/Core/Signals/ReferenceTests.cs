using Pillion.Core.Signals;
using Xunit;

namespace Pillion.Tests.Core.Signals;

/// <summary>The reference pages say what the code does; PILLION_WRITE_REFERENCE=1 writes them.</summary>
public sealed class ReferenceTests
{
    [Fact]
    public void The_metric_reference_is_what_the_code_says() => Compare("metrics.md", SignalsReference.Metrics());

    [Fact]
    public void The_access_log_reference_is_what_the_code_says() => Compare("access-log.md", SignalsReference.AccessLog());

    private static void Compare(string file, string expected)
    {
        var root = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(root, "Pillion.slnx")))
        {
            root = Path.GetDirectoryName(root) ?? throw new InvalidOperationException("not inside the repository");
        }

        var path = Path.Combine(root, "docs", "reference", file);
        if (Environment.GetEnvironmentVariable("PILLION_WRITE_REFERENCE") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, expected);
        }

        Assert.Equal(expected, File.ReadAllText(path));
    }
}
