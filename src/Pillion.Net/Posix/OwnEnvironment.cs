using System.Collections;
using System.Text;

namespace Pillion.Net.Posix;

/// <summary>
/// Our environment as the kernel gave it, byte for byte: .NET's own view loses what is not UTF-8, and the application is to see what it would
/// see without us. We never change our environment, so the two agree.
/// </summary>
internal static class OwnEnvironment
{
    public static IEnumerable<byte[]> Read()
    {
        byte[] block;
        try
        {
            block = File.ReadAllBytes("/proc/self/environ");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return FromRuntime();
        }

        return Split(block);
    }

    internal static List<byte[]> Split(ReadOnlySpan<byte> block)
    {
        var variables = new List<byte[]>();
        foreach (var range in block.Split((byte)0))
        {
            if (!block[range].IsEmpty)
            {
                variables.Add(block[range].ToArray());
            }
        }

        return variables;
    }

    private static IEnumerable<byte[]> FromRuntime()
    {
        foreach (DictionaryEntry variable in Environment.GetEnvironmentVariables())
        {
            yield return Encoding.UTF8.GetBytes($"{variable.Key}={variable.Value}");
        }
    }
}
