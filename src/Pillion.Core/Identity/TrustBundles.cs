using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;
using Pillion.Net.Tls;

namespace Pillion.Core.Identity;

/// <summary>The authorities of each trust domain that is known here: our own and those we federate with. Immutable.</summary>
internal sealed class TrustBundles(string own, IEnumerable<KeyValuePair<string, TrustStore>> stores)
{
    private readonly FrozenDictionary<string, TrustStore> _stores = stores.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>Our own trust domain.</summary>
    public string Own { get; } = own;

    public IEnumerable<string> TrustDomains => _stores.Keys.Order(StringComparer.Ordinal);

    public bool TryGet(string trustDomain, [MaybeNullWhen(false)] out TrustStore store) => _stores.TryGetValue(trustDomain, out store);
}
