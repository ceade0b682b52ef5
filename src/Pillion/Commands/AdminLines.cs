using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Pillion.Net;

namespace Pillion.Commands;

/// <summary>An answer of the admin port that goes on: its lines, one after the other, until the sidecar or we end it.</summary>
internal sealed class AdminLines : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly StreamReader _reader;

    private AdminLines(StreamReader reader) => _reader = reader;

    /// <summary>Null after a mistake, which has been told.</summary>
    public static async Task<AdminLines?> OpenAsync(Address admin, string path, string? token, CommandIo io, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(Patience);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        Socket? socket = null;
        var problem = "no answer";
        try
        {
            socket = await Application.Sockets.ConnectAsync(admin, either.Token).ConfigureAwait(false);
            var authorization = token is null ? "" : $"Authorization: Bearer {token}\r\n";
            await socket.SendAsync(Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: pillion\r\nConnection: close\r\n{authorization}\r\n"), either.Token).ConfigureAwait(false);
            var reader = new StreamReader(new NetworkStream(socket, ownsSocket: true), Encoding.UTF8);
            var head = await reader.ReadLineAsync(either.Token).ConfigureAwait(false) ?? "";
            while (await reader.ReadLineAsync(either.Token).ConfigureAwait(false) is { Length: > 0 })
            {
            }

            if (head.StartsWith("HTTP/1.1 200", StringComparison.Ordinal))
            {
                return new AdminLines(reader);
            }

            if (head.Length > 12 && int.TryParse(head.AsSpan(9, 3), NumberStyles.None, CultureInfo.InvariantCulture, out var status))
            {
                var said = (await reader.ReadLineAsync(either.Token).ConfigureAwait(false) ?? "").Trim();
                reader.Dispose();
                io.Fail(status == 404 ? $"the sidecar at {admin} is of a version without {path.Split('?')[0]}" : said, ExitCodes.Failure);
                return null;
            }

            problem = head.Length == 0 ? "the connection was closed without an answer" : "the answer is not HTTP";
        }
        catch (SocketException exception)
        {
            problem = Application.Sockets.Describe(exception.SocketErrorCode);
        }
        catch (IOException)
        {
            problem = "the connection broke";
        }
        catch (OperationCanceledException)
        {
        }

        socket?.Dispose();
        io.Fail($"the sidecar at {admin} cannot be asked: {problem}", ExitCodes.Failure);
        return null;
    }

    /// <summary>Null when the sidecar has ended it, or is gone.</summary>
    public async Task<string?> NextAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await _reader.ReadLineAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is IOException or SocketException or OperationCanceledException)
        {
            return null;
        }
    }

    public void Dispose() => _reader.Dispose();
}
