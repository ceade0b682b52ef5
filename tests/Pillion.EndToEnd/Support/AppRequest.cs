using System.Text;

namespace Pillion.EndToEnd.Support;

/// <summary>A request as the application received it, byte for byte, with a body that is read on demand.</summary>
internal sealed class AppRequest(string head, AppConnection connection)
{
    private readonly string[] _lines = head.Split("\r\n");
    private bool _bodyRead;

    public string Head => head;

    public string Method => _lines[0].Split(' ')[0];

    public string Target => _lines[0].Split(' ')[1];

    public string Path => Target.Split('?')[0];

    public AppConnection Connection => connection;

    public bool KeepAlive => !"close".Equals(this["Connection"], StringComparison.OrdinalIgnoreCase);

    public string? this[string name] =>
        _lines.Skip(1).FirstOrDefault(line => line.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase)) is { } line ? line[(name.Length + 1)..].Trim() : null;

    /// <summary>The body's parts as they come.</summary>
    public async IAsyncEnumerable<ReadOnlyMemory<byte>> BodyAsync()
    {
        if (_bodyRead)
        {
            yield break;
        }

        _bodyRead = true;
        if ("100-continue".Equals(this["Expect"], StringComparison.OrdinalIgnoreCase))
        {
            await connection.SendAsync("HTTP/1.1 100 Continue\r\n\r\n");
        }

        if (this["Transfer-Encoding"] is not null)
        {
            while (int.Parse((await connection.LineAsync()).Split(';')[0], System.Globalization.NumberStyles.HexNumber, null) is > 0 and var size)
            {
                await foreach (var part in connection.ReadAsync(size))
                {
                    yield return part;
                }

                await connection.LineAsync();
            }

            while (await connection.LineAsync() is { Length: > 0 })
            {
            }
        }
        else if (this["Content-Length"] is { } length)
        {
            await foreach (var part in connection.ReadAsync(long.Parse(length, System.Globalization.CultureInfo.InvariantCulture)))
            {
                yield return part;
            }
        }
    }

    public async Task<string> BodyTextAsync()
    {
        using var whole = new MemoryStream();
        await foreach (var part in BodyAsync())
        {
            whole.Write(part.Span);
        }

        return Encoding.UTF8.GetString(whole.ToArray());
    }

    public async Task<long> DiscardBodyAsync()
    {
        var count = 0L;
        await foreach (var part in BodyAsync())
        {
            count += part.Length;
        }

        return count;
    }

    public Task AnswerAsync(string body, int status = 200, string fields = "") =>
        connection.SendAsync($"HTTP/1.1 {status} X\r\nContent-Type: text/plain\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n{fields}\r\n{(Method == "HEAD" ? "" : body)}");
}
