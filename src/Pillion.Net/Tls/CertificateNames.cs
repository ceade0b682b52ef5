namespace Pillion.Net.Tls;

/// <summary>Chooses among certificates by the name that a client asks for: an exact name first, then a wildcard of one label (RFC 6125 §6.4.3).</summary>
internal static class CertificateNames
{
    /// <summary>Null: none names it.</summary>
    public static TlsCertificate? Choose(IReadOnlyList<TlsCertificate> certificates, string serverName)
    {
        // Interfaces enumerate on the heap, and this runs in every handshake.
        for (var i = 0; i < certificates.Count; i++)
        {
            if (Has(certificates[i].Leaf, serverName))
            {
                return certificates[i];
            }
        }

        var dot = serverName.IndexOf('.', StringComparison.Ordinal);
        for (var i = 0; dot > 0 && i < certificates.Count; i++)
        {
            if (HasWildcard(certificates[i].Leaf, serverName.AsSpan(dot)))
            {
                return certificates[i];
            }
        }

        return null;
    }

    private static bool Has(PeerCertificate leaf, string name)
    {
        foreach (var candidate in leaf.DnsNames)
        {
            if (string.Equals(candidate, name, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }

    private static bool HasWildcard(PeerCertificate leaf, ReadOnlySpan<char> parent)
    {
        foreach (var candidate in leaf.DnsNames)
        {
            if (candidate.StartsWith('*') && parent.Equals(candidate.AsSpan(1), StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }
}
