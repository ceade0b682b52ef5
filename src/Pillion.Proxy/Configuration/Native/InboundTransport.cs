using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Net.Tls;
using Pillion.Proxy.Configuration.Native.Transport;
using Pillion.Proxy.Configuration.Transport;

namespace Pillion.Proxy.Configuration.Native;

/// <summary>Whether the inbound side takes only mutual TLS, that and the clear, or neither looks.</summary>
internal enum MutualTls
{
    Off,
    Permissive,
    Strict,
}

/// <summary>One way in which callers reach the inbound side: each becomes a filter chain for each thing that is served.</summary>
internal sealed record InboundTransport(string Name, bool? IsTls, DownstreamTlsConfig? Tls, bool CountsPlaintext = false)
{
    /// <summary><c>mtls</c>, <c>allow</c> and <c>tls</c>.</summary>
    public static ValueList<InboundTransport> Read(ConfigMap map, bool hasIdentity)
    {
        var mtls = map.Optional("mtls", "`strict` takes only callers with an identity of a trust domain that we know, `permissive` also takes and counts callers in the clear, `off` looks at neither. Default: permissive where the file has an `identity`, else off.");
        var allow = map.Optional("allow", "Who may call by mutual TLS: `spiffe://example.org/ns/default/sa/web`, `spiffe://example.org/*`, or a list; every trust domain that we know when absent. Callers in the clear are not held to it.");
        var tls = map.Optional("tls", "TLS as a web server has it, in place of `mtls`: for callers without a sidecar.");
        var server = ServerTls.Read(tls);
        var mode = mtls.AsOneOf(NativeNames.MutualTlsModes, hasIdentity && !tls.Exists ? MutualTls.Permissive : MutualTls.Off);
        var identities = PeerNames.ReadIdentities(allow);
        if (mode != MutualTls.Off && !hasIdentity && !mtls.IsDescribing)
        {
            mtls.Fail($"{ConfigError.Quote(mtls.Text)} needs an identity", "add 'identity: DIR' to the file; 'pillion certs init' makes one");
        }

        if (mode != MutualTls.Off && tls.Exists)
        {
            tls.Fail("stands beside mtls", "keep mtls for callers with a sidecar, tls for others");
        }

        if (mode == MutualTls.Off && allow.Exists)
        {
            allow.Fail("is for mutual TLS", "use mtls: strict, or remove it");
        }

        var mutual = new DownstreamTlsConfig
        {
            UseIdentity = true,
            ClientCertificates = ClientCertificates.Required,
            Trust = new() { UseIdentity = true, Identities = identities },
            Source = mtls.Source,
        };
        return mode switch
        {
            MutualTls.Strict => [new("mtls", true, mutual)],
            MutualTls.Permissive => [new("mtls", true, mutual), new("plain", false, null, CountsPlaintext: true)],
            _ when server is not null => [new("tls", null, server)],
            _ => [new("http", null, null)],
        };
    }
}
