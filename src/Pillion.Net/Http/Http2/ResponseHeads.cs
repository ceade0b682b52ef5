namespace Pillion.Net.Http.Http2;

/// <summary>The heads that arrived before anybody waited for them, on a loop's thread: few, and kept for the next.</summary>
internal static class ResponseHeads
{
    private const int MaxFree = 64;

    [ThreadStatic]
    private static Stack<ResponseHead>? t_free;

    public static ResponseHead Rent() => t_free is { Count: > 0 } free ? free.Pop() : new ResponseHead();

    public static void Return(ResponseHead head)
    {
        var free = t_free ??= new Stack<ResponseHead>();
        if (free.Count < MaxFree)
        {
            head.Clear();
            free.Push(head);
        }
    }

    /// <summary>Gives what one head says to another.</summary>
    public static void Copy(ResponseHead from, ResponseHead to)
    {
        to.Clear();
        to.Version = from.Version;
        to.Status = from.Status;
        to.Body = from.Body;
        to.ContentLength = from.ContentLength;
        to.WantsUpgrade = from.WantsUpgrade;
        to.Fields.AddAll(from.Fields);
    }
}
