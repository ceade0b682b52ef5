namespace Pillion.Net.Tls;

/// <summary>Whether a server asks its clients who they are.</summary>
internal enum ClientCertificates
{
    None,

    /// <summary>A client may have none; one that it gives must be good.</summary>
    Optional,
    Required,
}
