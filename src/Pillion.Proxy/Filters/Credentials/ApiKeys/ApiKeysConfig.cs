using Pillion.Core.Configuration;
using Pillion.Core.Identity.Secrets;

namespace Pillion.Proxy.Filters.Credentials.ApiKeys;

/// <summary>A key of Envoy's file, which stands there in the clear.</summary>
internal sealed record InlineKeyConfig(string Client, string Key)
{
    /// <summary>Never the key.</summary>
    public override string ToString() => Client;
}

/// <summary>Which clients may ask, by their keys (Envoy: ApiKeyAuth).</summary>
internal sealed record ApiKeysConfig : FilterConfig
{
    public override FilterKind Kind => FilterKinds.ApiKeys;

    public override IEnumerable<string> FieldsRead =>
        Sources.Where(source => source.Place == KeyPlace.Header).Select(source => source.Name).Concat(ClientHeader is null ? [] : [ClientHeader]);

    /// <summary>Null where the keys stand in the configuration.</summary>
    public SecretPart? File { get; init; }

    public ValueList<InlineKeyConfig> Keys { get; init; } = [];

    /// <summary>In this order; the first that holds anything is the key.</summary>
    public ValueList<KeySourceConfig> Sources { get; init; } = [];

    /// <summary>Told to the upstream who the client is; null does not.</summary>
    public string? ClientHeader { get; init; }

    /// <summary>The key goes on with the request (Envoy: not hide_credentials).</summary>
    public bool Keeps { get; init; }

    /// <summary>Only these of the clients; empty is all (Envoy: allowed_clients).</summary>
    public ValueList<string> Clients { get; init; } = [];
}
