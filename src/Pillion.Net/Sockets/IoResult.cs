namespace Pillion.Net.Sockets;

/// <summary>Why an operation on a connection did not do what it was asked.</summary>
internal enum IoError : byte
{
    None,

    /// <summary>The deadline passed.</summary>
    TimedOut,
    Cancelled,

    /// <summary>The peer reset the connection, or it broke.</summary>
    Reset,

    /// <summary>This side closed the connection while the operation was under way.</summary>
    Closed,
    Refused,
    Unreachable,

    /// <summary>No descriptors, ports or memory left.</summary>
    Exhausted,
    AddressInUse,
    NotPermitted,
    Other,
}

/// <summary>What an operation came to: bytes, or an error. Zero bytes received is the end of the stream.</summary>
internal readonly struct IoResult(int count, IoError error, int code = 0)
{
    public int Count { get; } = count;

    public IoError Error { get; } = error;

    /// <summary>The system's error number, for people; 0 when the error is our own.</summary>
    public int Code { get; } = code;

    public bool IsOk => Error == IoError.None;

    public static IoResult Done(int count) => new(count, IoError.None);

    public static IoResult Fail(IoError error, int code = 0) => new(0, error, code);

    /// <summary>A few words on the error, such as <c>connection refused</c>.</summary>
    public string Describe() => Error switch
    {
        IoError.None => "ok",
        IoError.TimedOut => "timed out",
        IoError.Cancelled => "cancelled",
        IoError.Reset => "connection reset",
        IoError.Closed => "closed",
        IoError.Refused => "connection refused",
        IoError.Unreachable => "unreachable",
        IoError.Exhausted => "out of descriptors, ports or memory",
        IoError.AddressInUse => "address already in use",
        IoError.NotPermitted => "not permitted",
        _ => $"error {Code}",
    };

    public override string ToString() => IsOk ? $"{Count} bytes" : Describe();
}
