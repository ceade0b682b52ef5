using Xunit;

namespace Pillion.Tests.Configuration;

/// <summary>Configurations for tests, from text.</summary>
internal static class Given
{
    /// <summary>The text without a mistake.</summary>
    public static PillionConfig Config(string text, string file = "pillion.yaml")
    {
        var (config, errors) = PillionConfig.Parse(text, file, _ => null);
        Assert.Equal("", string.Join("\n", errors));
        return config!;
    }

    /// <summary>The mistakes in the text, a line each.</summary>
    public static string Errors(string text, string file = "pillion.yaml")
    {
        var (config, errors) = PillionConfig.Parse(text, file, _ => null);
        Assert.Null(config);
        return string.Join("\n", errors);
    }
}
