using Pillion.Net.Sockets;

namespace Pillion.Net.Http.Http2;

internal enum Http2EndReason : byte
{
    /// <summary>The peer closed the connection, in order or with a GOAWAY.</summary>
    EndedByPeer,

    /// <summary>No stream was open for as long as allowed.</summary>
    IdleTimeout,

    /// <summary>The peer broke a rule of the protocol.</summary>
    Violated,

    /// <summary>We said that we would go, and the last stream ended.</summary>
    Drained,

    /// <summary>The connection broke, a PING was not answered, or we ended it at once.</summary>
    Failed,
}

/// <summary>Why a connection is over.</summary>
/// <param name="Code">What we told the peer; where the peer ended it with GOAWAY, what it told us.</param>
internal readonly record struct Http2End(
    Http2EndReason Reason, Http2Error Code = Http2Error.NoError, Http2Violation Violation = Http2Violation.None, IoError Error = IoError.None)
{
    /// <summary>For people.</summary>
    public string Sentence => Reason switch
    {
        Http2EndReason.EndedByPeer when Code != Http2Error.NoError => $"The peer ended the connection with {Code}.",
        Http2EndReason.EndedByPeer => "The peer ended the connection.",
        Http2EndReason.IdleTimeout => "The connection was idle.",
        Http2EndReason.Violated => Http2Violations.Sentence(Violation),
        Http2EndReason.Drained => "The connection was drained.",
        _ => $"The connection failed: {new IoResult(0, Error).Describe()}.",
    };
}
