using Pillion.Core.Configuration;
using Pillion.Net.Tls;

namespace Pillion.Core.Identity;

/// <summary>The rules that a certificate must keep to be somebody's X.509-SVID (SPIFFE X509-SVID §2-5).</summary>
internal static class SpiffeLeaf
{
    private const int DigitalSignature = 1 << 0;
    private const int KeyCertSign = 1 << 5;
    private const int CrlSign = 1 << 6;

    /// <summary>The identity, or null with what breaks a rule.</summary>
    public static SpiffeId? Read(PeerCertificate leaf, out string problem)
    {
        // §2: exactly one; two names would leave it to each reader whom to believe.
        if (leaf.UriNames is not [var name])
        {
            problem = leaf.UriNames.Count == 0
                ? "it has no URI among its alternative names; an X.509-SVID has exactly one"
                : $"it has {leaf.UriNames.Count} URIs among its alternative names; an X.509-SVID has exactly one";
            return null;
        }

        if (!SpiffeId.TryParse(name, out var id, out var wrong))
        {
            problem = $"its URI {ConfigError.Quote(name)} {wrong}";
            return null;
        }

        // §3.2: the id without a path is the trust domain's own, that of a signing certificate.
        problem = id.Path.IsEmpty ? $"its id {id} names a trust domain and no workload"
            : leaf.IsAuthority ? "it is a CA certificate; a workload's is not"
            : leaf.KeyUsage is not { } usage ? "it has no key usage; an X.509-SVID needs digitalSignature"
            : (usage & DigitalSignature) == 0 ? "its key usage lacks digitalSignature"
            : (usage & (KeyCertSign | CrlSign)) != 0 ? "its key usage allows signing certificates (keyCertSign or cRLSign); a workload's must not"
            : "";
        return problem.Length == 0 ? id : null;
    }
}
