using System.Buffers;
using System.Buffers.Text;
using System.Text;
using Pillion.Net.Http;
using Pillion.Proxy.Clusters.Balancing;
using Pillion.Proxy.Forwarding;
using Pillion.Proxy.Routing;

namespace Pillion.Proxy.Filters.Affinity;

/// <summary>Asks for the endpoint that a request's cookie or header names, and tells the client the one that it got.</summary>
internal sealed class AffinityFilter(AffinityConfig config, FilterContext context) : Filter(config, context)
{
    // An address is at most a Unix path long.
    private const int MostBytes = 160;

    private readonly byte[] _name = Encoding.ASCII.GetBytes(config.Name);
    private readonly byte[] _path = Encoding.UTF8.GetBytes(config.Path.TrimEnd('/'));
    private readonly CookieTemplate? _cookie = config.ByHeader ? null : new(config.Name, config.Ttl, config.Path);

    public override bool SeesAnswers => true;

    public override ValueTask<bool> RequestAsync(Exchange exchange)
    {
        if (Covers(exchange.Request.Path) && TryRead(exchange.Request, out var endpoint))
        {
            exchange.Wish.Pin(endpoint, config.IsStrict);
        }

        return new(true);
    }

    public override void Answer(Exchange exchange)
    {
        var wish = exchange.Wish;
        if (exchange.Endpoint is not { } endpoint || exchange.Record.AnsweredLocally)
        {
            if (wish is { IsPinned: true, IsStrict: true } && exchange.Endpoint is null)
            {
                Tell(exchange, "refused");
            }

            return;
        }

        if (wish.IsPinned && wish.Pinned == endpoint.Id)
        {
            Tell(exchange, "kept");
            return;
        }

        // The path was the client's own when the request came; the record has it still, whatever a rewrite made of it.
        if (!Covers(PathOf(exchange)))
        {
            return;
        }

        Tell(exchange, wish.IsPinned ? "moved" : "begun");
        Span<byte> address = stackalloc byte[MostBytes];
        Span<byte> text = stackalloc byte[MostBytes * 2];
        if (Encoding.ASCII.TryGetBytes(endpoint.Text, address, out var length) && Base64.EncodeToUtf8(address[..length], text, out _, out var written) == OperationStatus.Done)
        {
            Give(exchange.Response, text[..written]);
        }
    }

    private void Give(ResponseHead response, ReadOnlySpan<byte> session)
    {
        if (_cookie is not null)
        {
            _cookie.Give(response, session);
            return;
        }

        response.Fields.RemoveAll(_name);
        response.Fields.Add(_name, session);
    }

    private bool TryRead(RequestHead request, out ulong endpoint)
    {
        endpoint = 0;
        ReadOnlySpan<byte> session;
        if (_cookie is not null)
        {
            if (!RequestCookies.TryGet(request.Fields, _name, out session))
            {
                return false;
            }
        }
        else if (request.Fields.IndexOf(_name) is >= 0 and var index)
        {
            session = request.Fields.Value(index);
        }
        else
        {
            return false;
        }

        // Whatever else a client may have made up is as if it had sent nothing.
        Span<byte> address = stackalloc byte[MostBytes];
        if (session.Length > MostBytes || Base64.DecodeFromUtf8(session, address, out _, out var length) != OperationStatus.Done || length == 0)
        {
            return false;
        }

        endpoint = XxHash64.Of(address[..length]);
        return true;
    }

    private static ReadOnlySpan<byte> PathOf(Exchange exchange)
    {
        var fields = exchange.Request.Fields;
        var original = fields.IndexOf(KnownField.XEnvoyOriginalPath);
        if (original < 0)
        {
            return exchange.Request.Path;
        }

        var target = fields.Value(original);
        var query = target.IndexOf((byte)'?');
        return query < 0 ? target : target[..query];
    }

    // RFC 6265 §5.1.4: the path itself, and what is below it.
    private bool Covers(ReadOnlySpan<byte> path) => path.StartsWith(_path) && (path.Length == _path.Length || _path.Length == 0 || path[_path.Length] == '/');
}
