using Pillion.Core.Configuration;
using Pillion.Net.Tls;

namespace Pillion.Proxy.Transport;

/// <summary>Settings of TLS in the forms that OpenSSL takes.</summary>
internal static class TlsText
{
    public static TlsVersions Version(int version) => version == 13 ? TlsVersions.Tls13 : TlsVersions.Tls12;

    /// <summary>Null leaves the default.</summary>
    public static string? List(ValueList<string> names) => names.Count == 0 ? null : string.Join(':', names);
}
