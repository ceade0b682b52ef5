namespace Pillion.Net.Http.Http2;

/// <summary>The streams of a loop's thread that are in no use: as many are made as were ever open at once.</summary>
internal static class Http2Streams
{
    private const int MaxFree = 1024;

    [ThreadStatic]
    private static Stack<Http2ServerStream>? t_server;

    [ThreadStatic]
    private static Stack<Http2ClientStream>? t_client;

    public static Http2ServerStream RentServer() => t_server is { Count: > 0 } free ? free.Pop() : new Http2ServerStream();

    public static Http2ClientStream RentClient() => t_client is { Count: > 0 } free ? free.Pop() : new Http2ClientStream();

    public static void Return(Http2ServerStream stream)
    {
        stream.Clear();
        var free = t_server ??= new Stack<Http2ServerStream>();
        if (free.Count < MaxFree)
        {
            free.Push(stream);
        }
    }

    public static void Return(Http2ClientStream stream)
    {
        stream.Clear();
        var free = t_client ??= new Stack<Http2ClientStream>();
        if (free.Count < MaxFree)
        {
            free.Push(stream);
        }
    }
}
