using Pillion.Core.Configuration;

namespace Pillion.Core.Identity.Secrets;

/// <summary>Reads one file of a secret, bounded.</summary>
internal static class SecretFile
{
    // Revocation lists of public authorities are the largest that occur.
    private const int Largest = 16 * 1024 * 1024;

    /// <summary>Null with a fault; a file that is gone may be about to come back under its name.</summary>
    public static byte[]? TryRead(string path, out SecretFault? fault)
    {
        fault = null;
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            using var content = new MemoryStream();
            var chunk = new byte[16 * 1024];
            while (file.Read(chunk) is > 0 and var count)
            {
                content.Write(chunk, 0, count);
                if (content.Length > Largest)
                {
                    fault = new SecretFault($"{Shown(path)} is larger than 16 MiB", "give the path of the right file");
                    return null;
                }
            }

            Array.Clear(chunk);
            var all = content.ToArray();
            Array.Clear(content.GetBuffer());
            return all;
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            fault = new SecretFault($"{Shown(path)}: there is no such file", "put it there; for a laptop, 'pillion certs init' makes one", MayPass: true);
        }
        catch (UnauthorizedAccessException)
        {
            fault = Directory.Exists(path)
                ? new SecretFault($"{Shown(path)} is a directory", "give the path of a file in it")
                : new SecretFault($"{Shown(path)} may not be read by the user that Pillion runs as", "let that user read it", MayPass: true);
        }
        catch (Exception exception) when (exception is IOException or ArgumentException or NotSupportedException)
        {
            fault = new SecretFault($"{Shown(path)} cannot be read", "give the path of a file that can", MayPass: true);
        }

        return null;
    }

    private static string Shown(string path) => ConfigError.OnOneLine(path);
}
