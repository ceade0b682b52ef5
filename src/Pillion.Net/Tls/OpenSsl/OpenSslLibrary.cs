using System.Reflection;
using System.Runtime.InteropServices;

namespace Pillion.Net.Tls.OpenSsl;

/// <summary>
/// Finds the system's OpenSSL 3 when TLS is first asked for: a process whose configuration has no TLS neither loads it nor pays for it. In a
/// static build the functions are in the program itself and nothing is searched.
/// </summary>
internal static unsafe class OpenSslLibrary
{
    private const nuint OldestVersion = 0x3000_0000;

    private static readonly string? Missing = Load();

    /// <summary>Whether TLS can be had; otherwise the reason and the remedy.</summary>
    public static bool IsAvailable(out string problem)
    {
        problem = Missing ?? "";
        return Missing is null;
    }

    /// <summary>For callers that hold certificates already, and so know that it is there.</summary>
    public static void Require()
    {
        if (Missing is not null)
        {
            throw new InvalidOperationException(Missing);
        }
    }

    private static string? Load()
    {
        NativeLibrary.SetDllImportResolver(typeof(OpenSslLibrary).Assembly, Resolve);
        try
        {
            var version = LibCrypto.VersionNumber();
            if (version < OldestVersion)
            {
                return $"TLS needs OpenSSL 3; this system's is {version >> 28}.{(version >> 20) & 0xff}";
            }

            // Our threads are still in it when the process exits: its clean-up at exit would take away what they use.
            LibCrypto.Initialize(LibCrypto.InitNoAtExit, 0);
            LibSsl.ServerMethod();
            return null;
        }
        catch (Exception exception) when (exception is DllNotFoundException or EntryPointNotFoundException)
        {
            return "TLS needs OpenSSL 3, and libssl.so.3 with libcrypto.so.3 was not found on this system (Debian and Ubuntu: apt-get install libssl3)";
        }
    }

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path) =>
        name is LibSsl.Name or LibCrypto.Name && NativeLibrary.TryLoad(name + ".so.3", out var library) ? library : 0;
}
