using System.Text;
using Pillion.Net.Http;
using Pillion.Proxy.Clusters.Balancing;
using Pillion.Proxy.Configuration.Balancing;
using Pillion.Proxy.Forwarding;

namespace Pillion.Proxy.Routing.Hashing;

/// <summary>One thing of a request that is hashed.</summary>
internal sealed class HashPolicy(HashPolicyConfig config)
{
    // Of a header that comes more often the rest does not count: a client that sends hundreds must not cost more.
    private const int MostValues = 16;

    private readonly byte[] _name = Encoding.UTF8.GetBytes(config.Name);
    private readonly RequestField _field = RequestFields.Identify(config.Name);

    public bool IsTerminal { get; } = config.IsTerminal;

    /// <summary>What a client gets that has no such cookie; null where it gets none.</summary>
    public CookieTemplate? Cookie { get; } = config is { Source: HashSource.Cookie, CookieTtl: { } ttl } ? new(config.Name, ttl, config.CookiePath) : null;

    public bool TryHash(Exchange exchange, out ulong hash) => config.Source switch
    {
        HashSource.Header => TryHeader(exchange.Request, out hash),
        HashSource.Cookie => TryCookie(exchange.Request, out hash),
        HashSource.Source => TrySource(exchange, out hash),
        HashSource.Query => TryQuery(exchange.Request.Query, out hash),
        _ => TryText(exchange.Request.Path, out hash),
    };

    /// <summary>The hash of a number as the cookie has it.</summary>
    public static ulong Of(ulong value)
    {
        Span<byte> text = stackalloc byte[16];
        value.TryFormat(text, out _, "x16", null);
        return XxHash64.Of(text);
    }

    private bool TryHeader(RequestHead request, out ulong hash)
    {
        if (_field != RequestField.Header)
        {
            return TryText(RequestFields.Get(request, _field), out hash);
        }

        var fields = request.Fields;
        Span<int> found = stackalloc int[MostValues];
        var count = 0;
        for (var i = fields.IndexOf(_name); i >= 0 && count < MostValues; i = fields.IndexOf(_name, i + 1))
        {
            // In the order of their values, as Envoy has them: the order they came in says nothing.
            var at = count++;
            for (; at > 0 && fields.Value(found[at - 1]).SequenceCompareTo(fields.Value(i)) > 0; at--)
            {
                found[at] = found[at - 1];
            }

            found[at] = i;
        }

        hash = 0;
        foreach (var i in found[..count])
        {
            hash = XxHash64.Of(fields.Value(i), hash);
        }

        return count > 0;
    }

    // An empty cookie is none (Envoy).
    private bool TryCookie(RequestHead request, out ulong hash)
    {
        hash = 0;
        return RequestCookies.TryGet(request.Fields, _name, out var value) && TryText(value, out hash);
    }

    private static bool TrySource(Exchange exchange, out ulong hash)
    {
        Span<byte> text = stackalloc byte[64];
        var remote = exchange.Stream.Remote;
        return TryText(remote.IsUnix ? default : text[..remote.FormatAddress(text)], out hash);
    }

    private bool TryQuery(ReadOnlySpan<byte> query, out ulong hash)
    {
        while (!query.IsEmpty)
        {
            var end = query.IndexOf((byte)'&');
            var pair = end < 0 ? query : query[..end];
            var equals = pair.IndexOf((byte)'=');
            if ((equals < 0 ? pair : pair[..equals]).SequenceEqual(_name))
            {
                hash = XxHash64.Of(equals < 0 ? default : pair[(equals + 1)..]);
                return true;
            }

            query = end < 0 ? default : query[(end + 1)..];
        }

        hash = 0;
        return false;
    }

    private static bool TryText(ReadOnlySpan<byte> text, out ulong hash)
    {
        hash = XxHash64.Of(text);
        return !text.IsEmpty;
    }
}
