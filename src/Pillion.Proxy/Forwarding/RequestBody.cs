using Pillion.Net.Http;
using Pillion.Net.Memory;
using Pillion.Proxy.Forwarding.Coding;

namespace Pillion.Proxy.Forwarding;

/// <summary>What has come of a request's body, over all tries: the client sends it once.</summary>
internal sealed class RequestBody(SlabPool slabs)
{
    /// <summary>Bytes taken from the client.</summary>
    public long BytesReceived { get; private set; }

    /// <summary>What was sent to an upstream and may have to be sent again.</summary>
    public RetainedBody Retained { get; } = new(slabs);

    /// <summary>The last byte was received, or the client failed.</summary>
    public bool HasEnded { get; private set; }

    /// <summary>The client sent all of it.</summary>
    public bool IsReceived { get; private set; }

    /// <summary>As above, and it can be sent again.</summary>
    public bool IsWhole => IsReceived && Retained.IsComplete;

    /// <summary>Called once, when the request's last byte was received, or the client failed.</summary>
    public required Action Ended { private get; init; }

    /// <summary>Called when bytes moved.</summary>
    public required Action Moved { get; init; }

    /// <summary>More than so many bytes are refused; 0 is no limit.</summary>
    public long MaxBytes { get; set; }

    /// <summary>Unpacks the body on its way; null sends it on as it comes.</summary>
    public BodyCoder? Decoder { get; set; }

    /// <param name="isReceived">The head was all of it.</param>
    public void Begin(int retainLimit, bool isReceived)
    {
        BytesReceived = MaxBytes = 0;
        Decoder = null;
        HasEnded = IsReceived = isReceived;
        Retained.Begin(retainLimit);
    }

    public bool IsTooLargeWith(int count) => MaxBytes > 0 && BytesReceived + count > MaxBytes;

    public void Received(in BodyPart part)
    {
        BytesReceived += part.Count;
        Keep(part.Slab!.Filled[..part.Count]);
    }

    /// <summary>Bytes came that are not sent as they are.</summary>
    public void Count(int bytes) => BytesReceived += bytes;

    /// <summary>Bytes that are sent may have to be sent again.</summary>
    public void Keep(ReadOnlySpan<byte> bytes)
    {
        Moved();
        Retained.Add(bytes);
    }

    // A further try replays the body; the request itself ended once, and its route's time began then.
    public void End(bool isReceived)
    {
        if (!HasEnded)
        {
            HasEnded = true;
            IsReceived = isReceived;
            Ended();
        }
    }

    /// <summary>Gives back what is kept.</summary>
    public void Clear() => Retained.Clear();
}
