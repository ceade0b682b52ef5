using System.Text;

namespace Pillion.Core.Configuration.Documents;

/// <summary>Reads a file into a tree that knows its lines and columns. What is wrong becomes errors, never an exception.</summary>
internal static class ConfigDocument
{
    /// <summary>Four times what a ConfigMap can hold.</summary>
    public const int MaxBytes = 4 * 1024 * 1024;

    /// <summary>Far deeper than any honest file; keeps the readers' recursion bounded.</summary>
    public const int MaxDepth = 64;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The root of the file, or null when it cannot be read or parsed; the reason is then among the errors.</summary>
    public static ConfigNode? Load(string file, Func<string, string?> environment, List<ConfigError> errors)
    {
        byte[] bytes;
        try
        {
            bytes = ReadBounded(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            errors.Note(new(file, 0, 0, "", "cannot be read", Reason(e)));
            return null;
        }

        if (bytes.Length > MaxBytes)
        {
            errors.Note(new(file, 0, 0, "", "is too large", $"a configuration may have {MaxBytes / (1024 * 1024)} MiB"));
            return null;
        }

        string text;
        try
        {
            text = StrictUtf8.GetString(bytes.AsSpan().StartsWith(Encoding.UTF8.Preamble) ? bytes.AsSpan(3) : bytes);
        }
        catch (DecoderFallbackException)
        {
            errors.Note(new(file, 0, 0, "", "is not UTF-8 text", "save it as UTF-8"));
            return null;
        }

        return Parse(text, file, environment, errors);
    }

    /// <summary>As <see cref="Load"/>, from text; the name decides between JSON (<c>.json</c>) and YAML.</summary>
    public static ConfigNode? Parse(string text, string file, Func<string, string?> environment, List<ConfigError> errors)
    {
        if (text.Length > MaxBytes)
        {
            errors.Note(new(file, 0, 0, "", "is too large", $"a configuration may have {MaxBytes / (1024 * 1024)} MiB"));
            return null;
        }

        var variables = new EnvironmentText(file, environment, errors);
        var root = file.EndsWith(".json", StringComparison.OrdinalIgnoreCase)
            ? JsonTree.Read(text, file, variables, errors)
            : YamlTree.Read(text, file, variables, errors);
        if (root is null)
        {
            return null;
        }

        if (root.Kind != ConfigNodeKind.Map)
        {
            errors.Note(root.Kind == ConfigNodeKind.Null
                ? new(file, 1, 1, "", "the file is empty", "begin with 'app: { address: 127.0.0.1:8080 }'")
                : new(file, root.Line, root.Column, "", "the file is not a map of settings", "begin with 'app: { address: 127.0.0.1:8080 }'"));
            return null;
        }

        return root;
    }

    private static byte[] ReadBounded(string file)
    {
        // A pipe or /dev/stdin has no length to ask for, so the bound is on what is read.
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        using var bytes = new MemoryStream();
        var buffer = new byte[64 * 1024];
        int read;
        while (bytes.Length <= MaxBytes && (read = stream.Read(buffer)) > 0)
        {
            bytes.Write(buffer, 0, read);
        }

        return bytes.ToArray();
    }

    // The messages of .NET are not used: the published binary is built without them.
    private static string Reason(Exception e) => e switch
    {
        FileNotFoundException or DirectoryNotFoundException => "there is no such file",
        UnauthorizedAccessException => "permission is denied, or it is a directory",
        PathTooLongException => "the name is too long",
        ArgumentException or NotSupportedException => "the name is not a file name",
        _ => "the system reports an input or output error",
    };
}
