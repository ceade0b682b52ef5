using Pillion.EndToEnd.Support;

namespace Pillion.EndToEnd.Tls;

/// <summary>The real openssl s_client. It says what was agreed, and what the server told it when it refused.</summary>
internal static class OpenSsl
{
    /// <summary>Connects, asks GET / in HTTP/1.1, and returns all it printed.</summary>
    public static async Task<Result> ConnectAsync(int port, params string[] arguments)
    {
        var openssl = Peers.Need("openssl");
        using var directory = new TempDirectory();
        directory.Write("request", "GET /s_client HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");

        // TLS 1.3 tells a client that it was refused only after the client has finished: it must read on, which -ign_eof makes it do until the server closes.
        return await Running.ToEndAsync("/bin/sh", ["-c", $"exec \"$0\" \"$@\" <'{directory["request"]}' 2>&1", openssl, "s_client", "-connect", $"127.0.0.1:{port}", "-ign_eof", .. arguments]);
    }
}
