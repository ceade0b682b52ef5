namespace Pillion.Net.Tls;

/// <summary>Certificate authorities that a chain may end in, with their revocation lists.</summary>
internal sealed class TrustStore
{
}
