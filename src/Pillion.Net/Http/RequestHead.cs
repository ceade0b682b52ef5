namespace Pillion.Net.Http;

internal enum HttpMethod : byte
{
    Other,
    Get,
    Head,
    Post,
    Put,
    Delete,
    Options,
    Trace,
    Connect,
    Patch,
}

/// <summary>The four forms of RFC 9112 §3.2.</summary>
internal enum TargetForm : byte
{
    Origin,
    Absolute,
    Authority,
    Asterisk,
}

/// <summary>A request's head: pseudo-fields (method, scheme, authority, path with query) beside the fields, as HTTP/2 has them.</summary>
internal sealed class RequestHead : Head
{
    // Sized by the first request: heads are pooled, and their number follows the requests under way.
    private byte[] _method = [];
    private int _methodLength;
    private byte[] _path = [];
    private int _pathLength;
    private byte[] _authority = [];
    private int _authorityLength;

    public HttpMethod Method { get; private set; }

    public ReadOnlySpan<byte> MethodName => _method.AsSpan(0, _methodLength);

    public TargetForm Form { get; set; }

    /// <summary>The target's scheme was https (absolute-form, HTTP/2 :scheme).</summary>
    public bool IsHttps { get; set; }

    /// <summary>Path and query as they will be sent on: dot segments resolved, all else as it came; "*" for asterisk-form; empty for CONNECT.</summary>
    public ReadOnlySpan<byte> Target => _path.AsSpan(0, _pathLength);

    /// <summary>The part of <see cref="Target"/> before '?'.</summary>
    public ReadOnlySpan<byte> Path
    {
        get
        {
            var query = Target.IndexOf((byte)'?');
            return query < 0 ? Target : Target[..query];
        }
    }

    /// <summary>The part of <see cref="Target"/> behind '?', or empty.</summary>
    public ReadOnlySpan<byte> Query
    {
        get
        {
            var query = Target.IndexOf((byte)'?');
            return query < 0 ? default : Target[(query + 1)..];
        }
    }

    /// <summary>
    /// Host and port the client asked for: the authority of the target (absolute- and authority-form), else the Host field (RFC 9112 §3.3).
    /// The Host field stays in its place among the fields (its order and case are the client's); writers give it this value, or add it first when there is none.
    /// </summary>
    public ReadOnlySpan<byte> Authority => _authority.AsSpan(0, _authorityLength);

    /// <summary>The client awaits 100 Continue before it sends the body (RFC 9110 §10.1.1).</summary>
    public bool ExpectsContinue { get; set; }

    /// <summary>GET, HEAD, PUT, DELETE, OPTIONS, TRACE (RFC 9110 §9.2.2).</summary>
    public bool IsIdempotent => Method is HttpMethod.Get or HttpMethod.Head or HttpMethod.Put or HttpMethod.Delete or HttpMethod.Options or HttpMethod.Trace;

    public void SetMethod(HttpMethod method, ReadOnlySpan<byte> name)
    {
        Method = method;
        Store(ref _method, ref _methodLength, name);
    }

    public void SetTarget(ReadOnlySpan<byte> target) => Store(ref _path, ref _pathLength, target);

    public void SetAuthority(ReadOnlySpan<byte> authority) => Store(ref _authority, ref _authorityLength, authority);

    /// <summary>Takes over everything of another one.</summary>
    public void CopyFrom(RequestHead other)
    {
        Clear();
        Fields.AddAll(other.Fields);
        Version = other.Version;
        Body = other.Body;
        ContentLength = other.ContentLength;
        KeepAlive = other.KeepAlive;
        WantsUpgrade = other.WantsUpgrade;
        SetMethod(other.Method, other.MethodName);
        SetTarget(other.Target);
        SetAuthority(other.Authority);
        Form = other.Form;
        IsHttps = other.IsHttps;
        ExpectsContinue = other.ExpectsContinue;
    }

    public override void Clear()
    {
        base.Clear();
        Method = HttpMethod.Other;
        _methodLength = _pathLength = _authorityLength = 0;
        Form = TargetForm.Origin;
        IsHttps = false;
        ExpectsContinue = false;
        if (_path.Length > 4096)
        {
            _path = [];
        }
    }

    // The source may be a slice of the destination (a rewrite of a path by a part of itself): CopyTo handles the overlap.
    private static void Store(ref byte[] destination, ref int length, ReadOnlySpan<byte> value)
    {
        if (destination.Length < value.Length)
        {
            destination = new byte[Math.Max(Math.Max(16, value.Length), destination.Length * 2)];
        }

        value.CopyTo(destination);
        length = value.Length;
    }
}
