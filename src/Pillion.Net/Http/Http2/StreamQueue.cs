namespace Pillion.Net.Http.Http2;

/// <summary>Streams in the order in which they came to wait; a stream is in one such queue at most, and leaves it from any place.</summary>
internal sealed class StreamQueue
{
    private Http2Stream? _last;

    public Http2Stream? First { get; private set; }

    public void Add(Http2Stream stream)
    {
        stream.QueuedIn = this;
        stream.PreviousQueued = _last;
        stream.NextQueued = null;
        if (_last is null)
        {
            First = stream;
        }
        else
        {
            _last.NextQueued = stream;
        }

        _last = stream;
    }

    public void Remove(Http2Stream stream)
    {
        stream.QueuedIn = null;
        if (stream.PreviousQueued is { } previous)
        {
            previous.NextQueued = stream.NextQueued;
        }
        else
        {
            First = stream.NextQueued;
        }

        if (stream.NextQueued is { } next)
        {
            next.PreviousQueued = stream.PreviousQueued;
        }
        else
        {
            _last = stream.PreviousQueued;
        }

        stream.NextQueued = stream.PreviousQueued = null;
    }
}
