using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Pillion.Net;

namespace Pillion.Application;

/// <summary>What a plain GET came to: a status and a body, or why there is none.</summary>
internal readonly record struct HttpAnswer(int Status, string Body, string? Problem);

/// <summary>
/// One GET over one connection, for probes, the command line and the demonstration: never in the request path. HttpClient would add megabytes for what
/// is a line out and a line in.
/// </summary>
internal static class PlainHttp
{
    private const int MaxAnswer = 16 * 1024 * 1024;

    public static async Task<HttpAnswer> GetAsync(Address address, string target, string host, CancellationToken cancellationToken, string fields = "", bool statusOnly = false)
    {
        try
        {
            using var socket = await Sockets.ConnectAsync(address, cancellationToken).ConfigureAwait(false);
            var request = Encoding.UTF8.GetBytes($"GET {target} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: pillion\r\nAccept: */*\r\nConnection: close\r\n{fields}\r\n");
            for (var sent = 0; sent < request.Length;)
            {
                sent += await socket.SendAsync(request.AsMemory(sent), cancellationToken).ConfigureAwait(false);
            }

            return await ReadAsync(socket, statusOnly, cancellationToken).ConfigureAwait(false);
        }
        catch (SocketException exception)
        {
            return new HttpAnswer(0, "", Sockets.Describe(exception.SocketErrorCode));
        }
    }

    private static async Task<HttpAnswer> ReadAsync(Socket socket, bool statusOnly, CancellationToken cancellationToken)
    {
        using var received = new MemoryStream();
        var buffer = new byte[16 * 1024];
        int read;
        while (received.Length < MaxAnswer && (read = await socket.ReceiveAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0)
        {
            received.Write(buffer, 0, read);
            if (statusOnly && received.GetBuffer().AsSpan(0, (int)received.Length).Contains((byte)'\n'))
            {
                break;
            }
        }

        return Parse(received.GetBuffer().AsSpan(0, (int)received.Length), statusOnly);
    }

    internal static HttpAnswer Parse(ReadOnlySpan<byte> received, bool statusOnly = false)
    {
        // HTTP/1.1 200 …
        if (received.Length < 12 || !received.StartsWith("HTTP/1."u8) || !int.TryParse(received[9..12], NumberStyles.None, CultureInfo.InvariantCulture, out var status))
        {
            return new HttpAnswer(0, "", received.IsEmpty ? "the connection was closed without an answer" : "the answer is not HTTP");
        }

        if (statusOnly)
        {
            return new HttpAnswer(status, "", null);
        }

        var end = received.IndexOf("\r\n\r\n"u8);
        if (end < 0)
        {
            return new HttpAnswer(0, "", "the answer ended early");
        }

        var head = Encoding.Latin1.GetString(received[..end]);
        var body = received[(end + 4)..];
        var isChunked = head.Contains("\r\ntransfer-encoding: chunked", StringComparison.OrdinalIgnoreCase);
        return new HttpAnswer(status, isChunked ? Unchunk(body) : Encoding.UTF8.GetString(body), null);
    }

    private static string Unchunk(ReadOnlySpan<byte> body)
    {
        using var whole = new MemoryStream();
        while (body.IndexOf("\r\n"u8) is > 0 and var line)
        {
            var digits = body[..line];
            digits = digits.IndexOf((byte)';') is >= 0 and var extension ? digits[..extension] : digits;
            if (!int.TryParse(digits, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var size) || size <= 0 || size > body.Length - line - 2)
            {
                break;
            }

            whole.Write(body.Slice(line + 2, size));
            body = body[Math.Min(body.Length, line + 2 + size + 2)..];
        }

        return Encoding.UTF8.GetString(whole.GetBuffer().AsSpan(0, (int)whole.Length));
    }
}
