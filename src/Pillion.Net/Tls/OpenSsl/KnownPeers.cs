using System.Collections.Concurrent;

namespace Pillion.Net.Tls.OpenSsl;

/// <summary>
/// The certificates that peers of one context have shown, read once and shared by all of a peer's connections; a ticket names its peer by
/// fingerprint and finds it here. What is not known any more costs a full handshake.
/// </summary>
internal sealed class KnownPeers
{
    private const int Capacity = 512;

    private readonly ConcurrentDictionary<string, PeerCertificate> _peers = new(StringComparer.Ordinal);

    public PeerCertificate Read(nint certificate)
    {
        var fingerprint = CertificateReader.Fingerprint(certificate);
        if (_peers.TryGetValue(fingerprint, out var known))
        {
            return known;
        }

        if (_peers.Count >= Capacity)
        {
            _peers.Clear();
        }

        return _peers.GetOrAdd(fingerprint, CertificateReader.Read(certificate, fingerprint));
    }

    public PeerCertificate? Find(string fingerprint) => _peers.GetValueOrDefault(fingerprint);
}
