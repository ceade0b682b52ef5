using System.Buffers.Text;
using System.Net;
using System.Text;
using Pillion.Net;
using Pillion.Net.Http;

namespace Pillion.Proxy.Forwarding;

/// <summary>
/// Where a request came from before the proxies that the listener trusts: the address in X-Forwarded-For that the outermost of them wrote (Envoy:
/// use_remote_address and xff_num_trusted_hops). Where too few have written there, the peer itself: what stands farther left is anybody's claim.
/// </summary>
internal static class ClientAddress
{
    private const int LongestAddress = 45;

    /// <summary>Ask after <see cref="ForwardedHeaders"/> has said who the peer is.</summary>
    public static PeerAddress Of(Exchange exchange)
    {
        var http = exchange.Listener.Http;
        var peer = exchange.Stream.Remote;

        // The peer stands there by now where it is the last hop; so in either case the address is that many places from the right end.
        return http is { UseRemoteAddress: true, TrustedHops: 0 } ? peer : Of(exchange.Request.Fields, http.TrustedHops, peer);
    }

    /// <param name="hops">How many of the last addresses are of proxies that are believed.</param>
    internal static PeerAddress Of(FieldList fields, int hops, PeerAddress peer)
    {
        // Several fields are one list, in their order (RFC 9110 §5.2).
        var count = 0;
        for (var i = fields.IndexOf(KnownField.XForwardedFor); i >= 0; i = fields.IndexOf(KnownField.XForwardedFor, i + 1))
        {
            count += fields.Value(i).Count((byte)',') + 1;
        }

        var wanted = count - 1 - hops;
        if (wanted < 0)
        {
            return peer;
        }

        for (var i = fields.IndexOf(KnownField.XForwardedFor); i >= 0; i = fields.IndexOf(KnownField.XForwardedFor, i + 1))
        {
            foreach (var element in new FieldTokens(fields.Value(i)))
            {
                if (wanted-- == 0)
                {
                    return TryParse(element, out var address) ? address : peer;
                }
            }
        }

        return peer;
    }

    // A port behind the address is no address here, as in Envoy.
    private static bool TryParse(ReadOnlySpan<byte> text, out PeerAddress address)
    {
        address = default;
        return text.Length is > 0 and <= LongestAddress && (text.Contains((byte)':') ? TryParseV6(text, out address) : TryParseV4(text, out address));
    }

    // Four decimal numbers and nothing else: no leading zeros, which some readers take for octal.
    private static bool TryParseV4(ReadOnlySpan<byte> text, out PeerAddress address)
    {
        Span<byte> bytes = stackalloc byte[4];
        address = default;
        for (var i = 0; i < 4; i++)
        {
            if (!Utf8Parser.TryParse(text, out byte value, out var digits) || text[0] == '+' || (digits > 1 && text[0] == '0'))
            {
                return false;
            }

            bytes[i] = value;
            text = text[digits..];
            if (i < 3)
            {
                if (text is not [(byte)'.', ..])
                {
                    return false;
                }

                text = text[1..];
            }
        }

        address = PeerAddress.From(bytes, 0);
        return text.IsEmpty;
    }

    private static bool TryParseV6(ReadOnlySpan<byte> text, out PeerAddress address)
    {
        address = default;
        Span<char> characters = stackalloc char[LongestAddress];
        var length = Encoding.Latin1.GetChars(text, characters);

        // A scope means something on one machine only.
        if (text.Contains((byte)'%') || text.Contains((byte)'[') || !IPAddress.TryParse(characters[..length], out var parsed))
        {
            return false;
        }

        Span<byte> bytes = stackalloc byte[16];
        parsed.TryWriteBytes(bytes, out var written);
        address = PeerAddress.From(bytes[..written], 0);
        return true;
    }
}
