namespace Pillion.Core.Configuration;

/// <summary>The names users give to workloads and services: they appear in host names, paths and metrics.</summary>
internal static class ConfigName
{
    public const string Remedy = "use letters, digits, '-', '_' and '.', beginning with a letter or digit";

    public static bool IsRight(string name) =>
        name.Length is > 0 and <= 253 && char.IsAsciiLetterOrDigit(name[0]) && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');
}
