namespace Pillion.Net.Http;

/// <summary>The request heads of a loop's thread: a connection has one from the first byte of a request to the end of its answer, and none while it is idle.</summary>
internal static class RequestHeads
{
    private const int MaxFree = 1024;

    [ThreadStatic]
    private static Stack<RequestHead>? t_free;

    public static RequestHead Rent() => t_free is { Count: > 0 } free ? free.Pop() : new RequestHead();

    public static void Return(RequestHead head)
    {
        var free = t_free ??= new Stack<RequestHead>();
        if (free.Count < MaxFree)
        {
            head.Clear();
            free.Push(head);
        }
    }
}
