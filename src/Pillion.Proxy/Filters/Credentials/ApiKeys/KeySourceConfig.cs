namespace Pillion.Proxy.Filters.Credentials.ApiKeys;

internal enum KeyPlace : byte
{
    Header,
    Query,
    Cookie,
}

/// <summary>Where a request carries its key.</summary>
internal sealed record KeySourceConfig(KeyPlace Place, string Name);
