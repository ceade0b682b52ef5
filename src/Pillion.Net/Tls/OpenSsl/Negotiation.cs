namespace Pillion.Net.Tls.OpenSsl;

/// <summary>What one handshake is about, and what its callbacks found; gone when it is over.</summary>
internal sealed class Negotiation
{
    /// <summary>Null: the peer is not verified.</summary>
    public required PeerTrust? Trust { get; init; }

    public required DateTimeOffset Now { get; init; }

    /// <summary>The peers that the context knows already.</summary>
    public required KnownPeers Peers { get; init; }

    /// <summary>Whom the session that may be resumed was made with.</summary>
    public PeerCertificate? Offered { get; set; }

    /// <summary>The server's side: what it chooses from.</summary>
    public TlsServerSettings? Server { get; init; }

    /// <summary>The certificate that was chosen by the name asked for.</summary>
    public TlsCertificate? Certificate { get; set; }

    /// <summary>The name that the client asked for, lower case.</summary>
    public string? ServerName { get; set; }

    public PeerCertificate? Peer { get; private set; }

    public string? PeerIdentity { get; private set; }

    public TlsRefusal Refusal { get; private set; }

    /// <summary>For the log, with the refusal.</summary>
    public string? Cause { get; private set; }

    /// <summary>Asks the trust about a leaf. Null: it is refused before its chain is looked at.</summary>
    public TrustStore? Judge(PeerTrust trust, PeerCertificate leaf)
    {
        Peer = leaf;
        var verdict = trust.Judge(leaf);
        if (verdict.Refusal != TlsRefusal.None || verdict.Store is null)
        {
            Refuse(verdict.Refusal == TlsRefusal.None ? TlsRefusal.UnknownIssuer : verdict.Refusal, verdict.Cause ?? "the certificate is not accepted here");
            return null;
        }

        PeerIdentity = verdict.Identity;
        return verdict.Store;
    }

    public void Refuse(TlsRefusal refusal, string cause)
    {
        Refusal = refusal;
        Cause = Peer is null ? cause : $"{cause}; {NameOf(Peer)}";
        PeerIdentity = null;
    }

    private static string NameOf(PeerCertificate leaf) =>
        leaf.UriNames is [var uri, ..] ? uri : leaf.DnsNames is [var dns, ..] ? dns : leaf.Subject.Length > 0 ? leaf.Subject : $"serial number {leaf.SerialNumber}";
}
