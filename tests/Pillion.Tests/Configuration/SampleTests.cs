using Pillion.Tests.ArchitectureTests;
using Xunit;

namespace Pillion.Tests.Configuration;

/// <summary>Every sample loads, and every invalid one is refused with exactly the text beside it.</summary>
public sealed class SampleTests
{
    private static readonly string Samples = Path.Combine(Repository.Root, "samples");

    public static TheoryData<string> Valid => Files(Samples);

    public static TheoryData<string> Invalid => Files(Path.Combine(Samples, "invalid"));

    [Theory]
    [MemberData(nameof(Valid))]
    public void A_sample_loads_without_a_mistake(string name)
    {
        var (config, errors) = PillionConfig.Load(Path.Combine(Samples, name), _ => null);

        Assert.Equal("", string.Join("\n", errors));
        Assert.NotNull(config);
    }

    [Theory]
    [MemberData(nameof(Invalid))]
    public void An_invalid_sample_is_refused_with_the_text_beside_it(string name)
    {
        var file = Path.Combine(Samples, "invalid", name);

        var (config, errors) = PillionConfig.Parse(File.ReadAllText(file), name, _ => null);

        Assert.Null(config);
        var told = string.Concat(errors.Select(error => error + "\n"));
        var expected = Path.ChangeExtension(file, ".expected");
        if (Environment.GetEnvironmentVariable("PILLION_APPROVE") == "1")
        {
            File.WriteAllText(expected, told);
        }

        Assert.Equal(File.ReadAllText(expected), told);
    }

    private static TheoryData<string> Files(string folder)
    {
        var files = new TheoryData<string>();
        foreach (var file in Directory.EnumerateFiles(folder).Where(file => file.EndsWith(".yaml") || file.EndsWith(".json")).Order(StringComparer.Ordinal))
        {
            files.Add(Path.GetFileName(file));
        }

        return files;
    }
}
