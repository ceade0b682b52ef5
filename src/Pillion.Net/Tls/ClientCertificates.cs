namespace Pillion.Net.Tls;

/// <summary>Whether a server asks for the client's certificate.</summary>
internal enum ClientCertificates
{
    None,

    /// <summary>Asked for; a client may come without, one that is given must be good.</summary>
    Optional,
    Required,
}
