using System.Net.Sockets;
using System.Text;

namespace Pillion.EndToEnd.Support;

/// <summary>A client that sends exactly the bytes it is given.</summary>
internal sealed class RawClient : IDisposable
{
    private readonly Socket _socket;

    private RawClient(Socket socket)
    {
        _socket = socket;
        Connection = new AppConnection(socket);
    }

    public AppConnection Connection { get; }

    public static async Task<RawClient> ConnectAsync(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync("127.0.0.1", port);
        return new RawClient(socket);
    }

    public Task SendAsync(string text) => Connection.SendAsync(text);

    /// <summary>The next answer's head and body; null when the connection was closed instead.</summary>
    public async Task<RawAnswer?> AnswerAsync()
    {
        if (await Eventually.Within(Connection.HeadAsync(), "an answer's head") is not { Length: > 0 } head)
        {
            return null;
        }

        var answer = new RawAnswer(head, "");
        if (answer.Status is >= 100 and < 200 or 204 or 304)
        {
            return answer;
        }

        var body = new StringBuilder();
        if (answer["Transfer-Encoding"] is not null)
        {
            while (int.Parse((await Connection.LineAsync()).Split(';')[0], System.Globalization.NumberStyles.HexNumber, null) is > 0 and var size)
            {
                await CopyAsync(size, body);
                await Connection.LineAsync();
            }

            while (await Connection.LineAsync() is { Length: > 0 })
            {
            }
        }
        else if (answer["Content-Length"] is { } length)
        {
            await CopyAsync(long.Parse(length, System.Globalization.CultureInfo.InvariantCulture), body);
        }
        else
        {
            body.Append(await RestAsync());
        }

        return answer with { Body = body.ToString() };
    }

    /// <summary>Everything up to the end of the connection.</summary>
    public async Task<string> RestAsync()
    {
        var rest = new StringBuilder();
        while (await Eventually.Within(Connection.SomeAsync(), "the end of the connection") is { IsEmpty: false } part)
        {
            rest.Append(Encoding.Latin1.GetString(part.Span));
        }

        return rest.ToString();
    }

    public void Dispose() => _socket.Dispose();

    private async Task CopyAsync(long count, StringBuilder body)
    {
        await foreach (var part in Connection.ReadAsync(count))
        {
            body.Append(Encoding.Latin1.GetString(part.Span));
        }
    }
}
