using Pillion.Core.Configuration.Reading;

namespace Pillion.Proxy.Configuration.Reading;

/// <summary>Paths of files: any text that the system can open.</summary>
internal static class FileText
{
    public static string? Read(ConfigValue value) =>
        value.AsTextOrNull("file", path => path.Length is > 0 and < 4096 && !path.Contains('\0'), "use the path of a file");
}
