namespace Pillion.Net.Tls;

/// <summary>Against what a peer's chain is verified, or why the peer is refused before that.</summary>
/// <param name="Store">The authorities to verify against; null with a refusal.</param>
/// <param name="Identity">What the peer is known by once the chain is verified (<see cref="TlsDetails.PeerIdentity"/>).</param>
/// <param name="Cause">For the log: what was found and what was expected.</param>
internal readonly record struct TrustVerdict(TrustStore? Store, string? Identity = null, TlsRefusal Refusal = TlsRefusal.None, string? Cause = null);

/// <summary>Decides whom to believe. Asked once per full handshake with the leaf, before its chain is verified; immutable and safe from any thread.</summary>
internal abstract class PeerTrust
{
    public abstract TrustVerdict Judge(PeerCertificate leaf);
}
