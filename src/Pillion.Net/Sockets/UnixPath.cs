using System.Net.Sockets;

namespace Pillion.Net.Sockets;

/// <summary>The path of a Unix socket outlives its program: one that nobody answers on is removed before it is bound again.</summary>
internal static class UnixPath
{
    /// <summary>True when the path can be bound now. One that somebody answers on is in use, and so is whatever is not a socket: it is never removed.</summary>
    public static bool TryClearStale(string path)
    {
        // '@' is .NET's way to show an abstract name, which is no file.
        if (path.StartsWith('@') || !Path.Exists(path))
        {
            return true;
        }

        // connect(2) refuses on an ordinary file as well: without this look, a slip in the configuration would delete the file.
        if (!IsSocket(path))
        {
            return false;
        }

        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            // Without waiting: one whose backlog is full is in use, too.
            probe.Blocking = false;
            probe.Connect(new UnixDomainSocketEndPoint(path));
            return false;
        }
        catch (SocketException exception) when (exception.SocketErrorCode == SocketError.ConnectionRefused)
        {
            File.Delete(path);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    // .NET does not tell the type of a file; a socket has no length, and what has one is certainly something else.
    private static bool IsSocket(string path) =>
        OperatingSystem.IsLinux() ? Linux.Libc.IsSocket(path) : !Directory.Exists(path) && new FileInfo(path).Length == 0;
}
