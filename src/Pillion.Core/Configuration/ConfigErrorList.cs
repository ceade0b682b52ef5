namespace Pillion.Core.Configuration;

/// <summary>Gathers mistakes up to a bound: a file with more of them is another kind of file.</summary>
internal static class ConfigErrorList
{
    public const int Most = 500;

    public static void Note(this List<ConfigError> errors, ConfigError error)
    {
        if (errors.Count < Most)
        {
            errors.Add(error);
        }
        else if (errors.Count == Most)
        {
            errors.Add(error with { Path = "", Problem = "there are more mistakes", Remedy = "correct these first and check again" });
        }
    }
}
