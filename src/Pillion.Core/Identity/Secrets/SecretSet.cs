using Pillion.Net.Tls;

namespace Pillion.Core.Identity.Secrets;

/// <summary>The secrets that one configuration uses; disposed of when it is abandoned or retired. Used by one preparation at a time.</summary>
internal sealed class SecretSet(SecretStore store) : IDisposable
{
    private readonly Dictionary<object, Secret> _taken = [];

    public Secret<TlsCertificate>? Certificate(CertificateSource source, out SecretFault? fault) => Take(source, out fault);

    public Secret<TrustStore>? Trust(TrustSource source, out SecretFault? fault) => Take(source, out fault);

    /// <summary>Null with a fault where the files are no good; another call with an equal source gives the same secret.</summary>
    public Secret<T>? Take<T>(SecretSource<T> source, out SecretFault? fault)
        where T : class
    {
        fault = null;
        if (_taken.TryGetValue(source, out var known))
        {
            return (Secret<T>)known;
        }

        if (store.Take(source, out fault) is not { } secret)
        {
            return null;
        }

        _taken.Add(source, secret);
        return secret;
    }

    public void Dispose()
    {
        foreach (var source in _taken.Keys)
        {
            store.GiveBack(source);
        }

        _taken.Clear();
    }
}
