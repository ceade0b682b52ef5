using Pillion.Core.Configuration;
using Pillion.Net.Tls;

namespace Pillion.Core.Identity;

/// <summary>Believes certificates of given authorities that carry one of given names: the public web's, and what Envoy's validation contexts ask for.</summary>
/// <param name="names">Any one of them suffices; empty asks for none.</param>
/// <param name="host">Must fit as well: the name that a client asked for. Null asks for none.</param>
internal sealed class NamesTrust(TrustStore store, ValueList<NameMatcher> names, CertificatePins pins, NameMatcher? host = null) : PeerTrust
{
    private const int MostShown = 8;

    public NamesTrust(TrustStore store, ValueList<NameMatcher> names)
        : this(store, names, CertificatePins.None)
    {
    }

    public override TrustVerdict Judge(PeerCertificate leaf)
    {
        if (names.Count > 0 && !names.Any(name => name.Matches(leaf)))
        {
            return new(null, null, TlsRefusal.WrongName, $"it is for {NamesOf(leaf)}; expected is {SpiffeTrust.Shown(names.Select(name => name.ToString()), names.Count)}");
        }

        if (host is not null && !host.Matches(leaf))
        {
            return new(null, null, TlsRefusal.WrongName, $"it is for {NamesOf(leaf)}; asked for was {host}");
        }

        return pins.IsEmpty || pins.Match(leaf)
            ? new(store)
            : new(null, null, TlsRefusal.WrongName, $"neither its hash {leaf.Sha256} nor its key is among those that are pinned");
    }

    // What a peer wrote into its certificate: shown on one line and not at any length.
    private static string NamesOf(PeerCertificate leaf)
    {
        string[] all = [.. leaf.DnsNames, .. leaf.UriNames, .. leaf.IpNames];
        return all.Length == 0
            ? $"no name but its subject {ConfigError.Quote(leaf.Subject)}"
            : string.Join(", ", all.Take(MostShown).Select(ConfigError.Quote)) + (all.Length > MostShown ? $" and {all.Length - MostShown} more" : "");
    }
}
