using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration.Reading;

namespace Pillion.Proxy.Configuration.Native.Transport;

/// <summary>What is set of TLS on either side, beside certificates and whom to believe.</summary>
internal readonly record struct TlsSettings(int MinVersion, ValueList<string> CipherSuites, ValueList<string> Groups)
{
    public static TlsSettings Read(ConfigMap map) => new(
        map.Optional("min_version", "The oldest version of TLS that is spoken; the newest is 1.3.").AsOneOf(NativeNames.TlsVersions, 12),
        TlsNames.ReadSuites(map.Optional("ciphers", "Suites for TLS 1.2, in OpenSSL's names; the safe ones when absent.")),
        TlsNames.ReadGroups(map.Optional("groups", "Groups for key agreement; X25519 and P-256 when absent.")));
}
