using System.Text;
using Pillion.Core.Resilience;

namespace Pillion.Core.Signals;

/// <summary>The value of Proxy-Status on answers that Pillion itself makes (RFC 9209): <c>pillion; error=connection_refused; details="…"</c>.</summary>
internal static class ProxyStatus
{
    /// <summary>Room that is always enough.</summary>
    public const int MaxBytes = 512;

    private const int MaxDetails = 256;

    /// <summary>
    /// Writes the value and returns its length. Details are the system's words and no configuration: a file name inside is for the operator,
    /// who has <c>pillion explain</c>, and not for every client.
    /// </summary>
    /// <param name="receivedStatus">The status that came from upstream when the answer replaces it; 0 leaves it out.</param>
    public static int Write(Span<byte> destination, in Failure failure, int receivedStatus = 0)
    {
        var length = Append(destination, 0, "pillion"u8);
        var error = FailureTable.For(failure).ProxyError;
        if (error.Length > 0)
        {
            length = Append(destination, length, "; error="u8);
            length += Encoding.ASCII.GetBytes(error, destination[length..]);
        }

        if (receivedStatus > 0)
        {
            length = Append(destination, length, "; received-status="u8);
            System.Buffers.Text.Utf8Formatter.TryFormat(receivedStatus, destination[length..], out var digits);
            length += digits;
        }

        if (!string.IsNullOrEmpty(failure.Cause))
        {
            length = Append(destination, length, "; details=\""u8);
            length = Quoted(destination, length, failure.Cause);
            destination[length++] = (byte)'"';
        }

        return length;
    }

    // RFC 8941 §3.3.3: an sf-string is printable ASCII; only the quote and the backslash are escaped.
    private static int Quoted(Span<byte> destination, int length, string text)
    {
        var end = Math.Min(text.Length, MaxDetails);
        if (end < text.Length && char.IsHighSurrogate(text[end - 1]))
        {
            end--;
        }

        for (var i = 0; i < end && length < MaxBytes - 4; i++)
        {
            var c = text[i];
            if (c is '"' or '\\')
            {
                destination[length++] = (byte)'\\';
            }

            destination[length++] = c is >= ' ' and < '\x7f' ? (byte)c : (byte)'?';
        }

        return length;
    }

    private static int Append(Span<byte> destination, int length, ReadOnlySpan<byte> text)
    {
        text.CopyTo(destination[length..]);
        return length + text.Length;
    }
}
