using Pillion.Net.Http;

namespace Pillion.Proxy.Upstreams.Calls;

/// <summary>What came back of a <see cref="ClusterCall"/>; used again for the next one.</summary>
internal sealed class CallAnswer
{
    private byte[] _body = new byte[256];

    /// <summary>Why there is no answer, in words; null when there is one.</summary>
    public string? Problem { get; private set; }

    /// <summary>It was the call's own time that ended.</summary>
    public bool IsLate { get; private set; }

    /// <summary>Its body is of no use to anybody: any length of it is read, and none kept.</summary>
    public bool IsDropped { get; init; }
    /// <summary>The head of an answer came.</summary>
    public bool HasHead => Head.Status > 0;

    public ResponseHead Head { get; } = new();

    /// <summary>Taken over from the stream, which is used again.</summary>
    public FieldList Trailers { get; } = new();

    public int Length { get; private set; }

    public ReadOnlyMemory<byte> Body => _body.AsMemory(0, Length);

    public void Begin()
    {
        Problem = null;
        IsLate = false;
        Length = 0;
        Head.Clear();
        Trailers.Clear();
    }

    public void Fail(string problem, bool isLate = false)
    {
        Problem = problem;
        IsLate = isLate;
    }

    /// <summary>Keeps body bytes; false when there would be more than this.</summary>
    public bool Add(ReadOnlySpan<byte> bytes, int most)
    {
        if (IsDropped)
        {
            return true;
        }

        if (Length + bytes.Length > most)
        {
            return false;
        }

        if (Length + bytes.Length > _body.Length)
        {
            Array.Resize(ref _body, Math.Min(most, Math.Max(_body.Length * 2, Length + bytes.Length)));
        }

        bytes.CopyTo(_body.AsSpan(Length));
        Length += bytes.Length;
        return true;
    }
}
