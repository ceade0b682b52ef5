using Pillion.Net.Http.Http1;
using Pillion.Net.Sockets;

namespace Pillion.Net.Http;

internal enum HeadOutcome : byte
{
    /// <summary>A head was received.</summary>
    Received,

    /// <summary>The peer closed where a message could have begun.</summary>
    Ended,

    /// <summary>The connection failed, timed out or ended within a head.</summary>
    Failed,

    /// <summary>The bytes break a rule.</summary>
    Violated,
}

/// <summary>What waiting for a head came to.</summary>
/// <param name="BytesSeen">At least one byte of the message had arrived.</param>
internal readonly record struct HeadResult(HeadOutcome Outcome, IoError Error = IoError.None, HttpViolation Violation = HttpViolation.None, bool BytesSeen = false);
