using Pillion.Core.Configuration;
using Pillion.Net.Tls;

namespace Pillion.Core.Identity;

/// <summary>Believes X.509-SVIDs: each against the bundle of its own trust domain, never against another's, and only those that are allowed.</summary>
/// <param name="allowed">Empty: every identity of a trust domain that is known.</param>
internal sealed class SpiffeTrust(TrustBundles bundles, ValueList<SpiffePattern> allowed) : PeerTrust
{
    private const int MostShown = 5;

    public override TrustVerdict Judge(PeerCertificate leaf)
    {
        if (SpiffeLeaf.Read(leaf, out var problem) is not { } id)
        {
            return new(null, null, TlsRefusal.BadSvid, problem);
        }

        if (!bundles.TryGet(id.TrustDomain, out var store))
        {
            return new(null, null, TlsRefusal.WrongTrustDomain, $"its id is {id}, and no bundle is known here for that trust domain, only for {string.Join(", ", bundles.TrustDomains)}");
        }

        foreach (var pattern in allowed)
        {
            if (pattern.Matches(id))
            {
                return new(store, id.ToString());
            }
        }

        return allowed.Count == 0
            ? new(store, id.ToString())
            : new(null, null, TlsRefusal.WrongName, $"its id is {id}; allowed is {Shown(allowed.Select(pattern => pattern.ToString()), allowed.Count)}");
    }

    internal static string Shown(IEnumerable<string> names, int count) =>
        string.Join(", ", names.Take(MostShown)) + (count > MostShown ? $" and {count - MostShown} more" : "");
}
