using Pillion.Net.Http.Http1;
using Pillion.Net.Memory;
using Pillion.Net.Sockets;

namespace Pillion.Net.Http;

internal enum BodyEvent : byte
{
    Data,

    /// <summary>The body is complete; trailers, if any, are in <see cref="HttpStream.Trailers"/>.</summary>
    End,

    /// <summary>The connection failed or closed in the middle, or the framing is broken.</summary>
    Failed,
}

/// <summary>
/// The next piece of a body. Data is the first <see cref="Count"/> filled bytes of <see cref="Slab"/>, which still belongs to the stream;
/// whoever takes the part consumes exactly those bytes before it asks for the next.
/// </summary>
internal readonly struct BodyPart
{
    private BodyPart(BodyEvent kind, Slab? slab, int count, IoError error, HttpViolation violation)
    {
        Event = kind;
        Slab = slab;
        Count = count;
        Error = error;
        Violation = violation;
    }

    public BodyEvent Event { get; }

    public Slab? Slab { get; }

    public int Count { get; }

    /// <summary>Why it failed; <see cref="IoError.None"/> with no violation means that the stream ended early.</summary>
    public IoError Error { get; }

    public HttpViolation Violation { get; }

    public static BodyPart Data(Slab slab, int count) => new(BodyEvent.Data, slab, count, IoError.None, HttpViolation.None);

    public static BodyPart End() => new(BodyEvent.End, null, 0, IoError.None, HttpViolation.None);

    public static BodyPart Failed(IoError error) => new(BodyEvent.Failed, null, 0, error, HttpViolation.None);

    public static BodyPart Failed(HttpViolation violation) => new(BodyEvent.Failed, null, 0, IoError.None, violation);
}
