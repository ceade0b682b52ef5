namespace Pillion.Proxy.Filters.Authorization.Conditions;

/// <summary>What a condition looks at, the cheap ones first: conditions of one rule are asked in this order.</summary>
internal enum ConditionKind : byte
{
    /// <summary>Every request.</summary>
    Any,

    /// <summary>The connection is TLS (Envoy: authenticated, without a name).</summary>
    Tls,
    Port,
    Method,
    Peer,
    Destination,
    TrustDomain,
    Namespace,
    ServiceAccount,
    Identity,
    User,
    ApiClient,

    /// <summary>The name of TLS that the client asked for.</summary>
    ServerName,
    Host,
    Path,

    /// <summary>A name of the certificate that the peer proved to hold, or its subject (Envoy: principal_name).</summary>
    Certificate,
    Header,
    Query,
    Claim,

    /// <summary>The address before the proxies that are believed.</summary>
    Client,
    Not,
    All,
    OneOf,
}
