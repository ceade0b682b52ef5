using System.Text;
using System.Threading.Channels;
using Pillion.Core.Signals;
using Pillion.Core.Signals.Watching;
using Pillion.Net.Http;

namespace Pillion.Tapping;

/// <summary>
/// One open tap: what its filter lets through goes into a bounded queue, and what finds no room there is counted and lost. A loop never waits for who looks.
/// </summary>
internal sealed class Tap(TapFilter filter, bool withHeaders) : IRequestWatcher
{
    public const int Room = 256;

    // More headers, or longer ones, are cut: a tap is for people.
    private const int MaxHeaders = 64;
    private const int MaxValue = 512;

    private readonly Channel<TappedRequest> _queue = Channel.CreateBounded<TappedRequest>(new BoundedChannelOptions(Room) { SingleReader = true });
    private long _dropped;

    public ChannelReader<TappedRequest> Queue => _queue.Reader;

    /// <summary>Requests that were lost since this was asked last.</summary>
    public long TakeDropped() => Interlocked.Exchange(ref _dropped, 0);

    public void Ended(int loop, RequestRecord record, RequestHead? request, ResponseHead? response)
    {
        if (!filter.Matches(record, request))
        {
            return;
        }

        // Asked before the copy is made: a flood of requests that nobody can read costs little more than none. Approximate, and the queue has the last word.
        if (_queue.Reader.Count >= Room)
        {
            Interlocked.Increment(ref _dropped);
            return;
        }

        var copy = new RequestRecord();
        copy.CopyFrom(record);
        if (!_queue.Writer.TryWrite(new TappedRequest(copy, withHeaders && request is not null ? Copy(request.Fields) : null)))
        {
            Interlocked.Increment(ref _dropped);
        }
    }

    private static List<(string, string)> Copy(FieldList fields)
    {
        var headers = new List<(string, string)>();
        for (var index = 0; index < fields.Count && headers.Count < MaxHeaders; index++)
        {
            if (fields.IsPresent(index))
            {
                var value = fields.Value(index);
                headers.Add((Encoding.Latin1.GetString(fields.Name(index)), Encoding.Latin1.GetString(value[..Math.Min(value.Length, MaxValue)])));
            }
        }

        return headers;
    }
}
