namespace Pillion.Net.Http;

/// <summary>How long a message's body is (RFC 9112 §6.3); one reading for both sides of the proxy.</summary>
internal enum BodyKind : byte
{
    /// <summary>There is none, whatever the fields say (HEAD, 204, 304, a request without length).</summary>
    None,

    /// <summary>Content-Length bytes; <see cref="Head.ContentLength"/>.</summary>
    Length,

    Chunked,

    /// <summary>Until the connection closes; responses only.</summary>
    UntilClose,
}

/// <summary>What a request and a response head share. HTTP/1 and HTTP/2 fill the same type; filters never know the version.</summary>
internal abstract class Head
{
    public FieldList Fields { get; } = new();

    /// <summary>10, 11 or 20.</summary>
    public byte Version { get; set; } = 11;

    public BodyKind Body { get; set; }

    /// <summary>Meaningful when <see cref="Body"/> is <see cref="BodyKind.Length"/>; for HEAD answers the field itself stays among the fields.</summary>
    public long ContentLength { get; set; }

    /// <summary>The connection may carry another message after this one (HTTP/1: version and Connection together).</summary>
    public bool KeepAlive { get; set; } = true;

    /// <summary>Connection named "upgrade" and there is an Upgrade field.</summary>
    public bool WantsUpgrade { get; set; }

    public virtual void Clear()
    {
        Fields.Clear();
        Version = 11;
        Body = BodyKind.None;
        ContentLength = 0;
        KeepAlive = true;
        WantsUpgrade = false;
    }
}

/// <summary>A response's head.</summary>
internal sealed class ResponseHead : Head
{
    private readonly byte[] _reason = new byte[64];
    private int _reasonLength;

    public int Status { get; set; }

    /// <summary>The reason phrase as it came, at most 64 bytes; empty means the standard one.</summary>
    public ReadOnlySpan<byte> Reason => _reason.AsSpan(0, _reasonLength);

    public void SetReason(ReadOnlySpan<byte> reason)
    {
        _reasonLength = Math.Min(reason.Length, _reason.Length);
        reason[.._reasonLength].CopyTo(_reason);
    }

    public override void Clear()
    {
        base.Clear();
        Status = 0;
        _reasonLength = 0;
    }
}
