using Pillion.Net;
using Pillion.Proxy.Forwarding;

namespace Pillion.Proxy.Filters.RateLimits;

/// <summary>What a request is counted by.</summary>
internal static class RateKeys
{
    /// <summary>Whom a limit per client counts.</summary>
    public static PeerAddress ClientOf(Exchange exchange) => ClientAddress.Of(exchange).WithoutPort();

    public static ulong Of(Exchange exchange, RateKey per, ReadOnlySpan<byte> header)
    {
        var hash = KeyHash.Begin();
        switch (per)
        {
            case RateKey.All:
                return 0;
            case RateKey.Identity:
                hash.Add(exchange.Stream.Tls?.PeerIdentity ?? "");
                break;
            case RateKey.Client:
                Add(ref hash, ClientOf(exchange));
                break;
            case RateKey.Connection:
                Add(ref hash, exchange.Stream.Remote);
                break;
            case RateKey.Header:
                var fields = exchange.Request.Fields;
                for (var i = fields.IndexOf(header); i >= 0; i = fields.IndexOf(header, i + 1))
                {
                    hash.Add(fields.Value(i));
                }

                break;
        }

        return hash.End();
    }

    private static void Add(ref KeyHash hash, PeerAddress address)
    {
        Span<byte> bytes = stackalloc byte[18];
        address.TryWriteBytes(bytes, out var length);
        bytes[length] = (byte)address.Port;
        bytes[length + 1] = (byte)(address.Port >> 8);
        hash.Add(bytes[..(length + 2)]);
    }
}
