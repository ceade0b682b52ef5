using System.Text;
using Pillion.Core.Identity.Secrets;
using Pillion.Core.Resilience;
using Pillion.Net.Http;
using Pillion.Proxy.Forwarding;

namespace Pillion.Proxy.Filters.Credentials.ApiKeys;

/// <summary>Lets pass whoever shows the key of a client that is known, and takes the key out of the request.</summary>
internal sealed class ApiKeysFilter : Filter
{
    private readonly ApiKeysConfig _config;
    private readonly KeySource[] _sources;
    private readonly Secret<ApiKeyTable>? _file;
    private readonly ApiKeyTable _inline = new();
    private readonly byte[]? _clientHeader;

    public ApiKeysFilter(ApiKeysConfig config, FilterContext context)
        : base(config, context)
    {
        _config = config;
        _sources = [.. config.Sources.Select(source => new KeySource(source))];
        _clientHeader = config.ClientHeader is null ? null : Encoding.ASCII.GetBytes(config.ClientHeader);
        if (config.File is { } file)
        {
            _file = FilterSecret.Take(new ApiKeyFile(file), config, context);
        }

        foreach (var key in config.Keys)
        {
            _inline.TryAdd(key.Client, key.Key);
        }
    }

    public override ValueTask<bool> RequestAsync(Exchange exchange)
    {
        Span<byte> key = stackalloc byte[KeySource.LongestKey];
        var length = 0;
        for (var i = 0; i < _sources.Length && length == 0; i++)
        {
            length = _sources[i].Find(exchange.Request, key);
        }

        // What stands in a target would be in every log of it, the key of somebody who mistyped the rest included.
        foreach (var source in _sources)
        {
            source.RemoveFrom(exchange.Record);
        }

        if (length == 0)
        {
            return RefuseAsync(exchange, FailureKind.Unauthenticated, "missing", "it has no API key", "missing_api_key");
        }

        var client = length < 0 ? null : (_file?.Current ?? _inline).ClientOf(key[..length]);
        key.Clear();
        if (client is null)
        {
            return RefuseAsync(exchange, FailureKind.Unauthenticated, "unknown", "its API key is nobody's", "unknown_api_key");
        }

        if (_config.Clients.Count > 0 && !Allows(client))
        {
            return RefuseAsync(exchange, FailureKind.Denied, "forbidden", "the client of its API key may not ask here", "client_not_allowed");
        }

        exchange.Caller.Client = client;
        if (!_config.Keeps)
        {
            foreach (var source in _sources)
            {
                source.RemoveFrom(exchange.Request);
            }
        }

        if (_clientHeader is not null)
        {
            SetClient(exchange.Request.Fields, client);
        }

        Tell(exchange, "allowed");
        return new(true);
    }

    private ValueTask<bool> RefuseAsync(Exchange exchange, FailureKind kind, string outcome, string cause, string details)
    {
        Tell(exchange, outcome);
        exchange.Record.Details = details;
        return RefuseAsync(exchange, new Failure(FailureSide.Local, kind, Cause: cause));
    }

    private bool Allows(string client)
    {
        foreach (var allowed in _config.Clients.AsSpan())
        {
            if (allowed == client)
            {
                return true;
            }
        }

        return false;
    }

    private void SetClient(FieldList fields, string client)
    {
        Span<byte> value = stackalloc byte[ApiKeyTable.LongestName * 3];
        fields.RemoveAll(_clientHeader);
        fields.Add(_clientHeader, value[..Encoding.UTF8.GetBytes(client, value)]);
    }
}
