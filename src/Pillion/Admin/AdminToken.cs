using System.Security.Cryptography;
using System.Text;
using Pillion.Net;
using Pillion.Net.Posix;

namespace Pillion.Admin;

/// <summary>
/// The secret for what changes state, new at every start, in a file that only our own user can read. Being able to connect to the port is not enough:
/// in a pod every container can.
/// </summary>
internal sealed class AdminToken : IDisposable
{
    private readonly byte[] _token;

    private AdminToken(byte[] token, string path)
    {
        _token = token;
        Path = path;
    }

    public string Path { get; }

    /// <summary>Writes a new token. Null when it cannot be written; then nothing can be changed over the admin port.</summary>
    public static AdminToken? TryCreate(string? path, out string problem)
    {
        if (path is null)
        {
            problem = "has no directory to go to: set PILLION_ADMIN_TOKEN_FILE";
            return null;
        }

        var token = Encoding.ASCII.GetBytes(Convert.ToHexStringLower(SystemRandom.GetBytes(32)));
        var draft = $"{path}.{Environment.ProcessId}.new";
        try
        {
            if (System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path)) is { } directory && !Directory.Exists(directory))
            {
                CreatePrivateDirectory(directory);
            }

            // Made anew and renamed into place: an old file's looser mode, or a link somebody put there, is never written through.
            File.Delete(draft);
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            using (var file = new FileStream(draft, options))
            {
                file.Write(token);
                file.Write("\n"u8);
            }

            File.Move(draft, path, overwrite: true);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            problem = $"'{path}' cannot be written: set PILLION_ADMIN_TOKEN_FILE to a path that can";
            return null;
        }

        problem = "";
        return new AdminToken(token, path);
    }

    /// <summary>
    /// Where it goes unless <c>PILLION_ADMIN_TOKEN_FILE</c> says so: next to a Unix socket; else in $XDG_RUNTIME_DIR, in /run for root, or under $HOME. Never in /tmp,
    /// where anybody may have made the directory before us. Null when none of these is there.
    /// </summary>
    public static string? DefaultPath(Address admin, Func<string, string?> environment, bool isRoot)
    {
        if (environment("PILLION_ADMIN_TOKEN_FILE") is { Length: > 0 } chosen)
        {
            return chosen;
        }

        if (admin.IsUnix)
        {
            return admin.Host + ".token";
        }

        var directory = environment("XDG_RUNTIME_DIR") is { Length: > 0 } runtime ? System.IO.Path.Combine(runtime, "pillion")
            : isRoot ? "/run/pillion"
            : environment("HOME") is { Length: > 1 } home ? System.IO.Path.Combine(home, ".local", "state", "pillion")
            : null;
        return directory is null ? null : System.IO.Path.Combine(directory, $"{admin.Port}.admin.token");
    }

    /// <summary>Compares in constant time.</summary>
    public bool Accepts(string? offered) => offered is not null && CryptographicOperations.FixedTimeEquals(_token, Encoding.UTF8.GetBytes(offered));

    public void Dispose()
    {
        try
        {
            // Ours only: a sidecar that was started after us may have written its own by now.
            if (File.Exists(Path) && File.ReadAllBytes(Path).AsSpan().TrimEnd((byte)'\n').SequenceEqual(_token))
            {
                File.Delete(Path);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
        }
    }

    private static void CreatePrivateDirectory(string directory)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(directory);
        }
        else
        {
            Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }
}
