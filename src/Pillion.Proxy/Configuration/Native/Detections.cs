using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Net;
using Pillion.Proxy.Configuration.Transport;

namespace Pillion.Proxy.Configuration.Native;

/// <summary>What is looked at before a chain is chosen: it follows from the chains.</summary>
internal static class Detections
{
    public static DetectionConfig Read(ConfigMap map)
    {
        var defaults = new DetectionConfig();
        return defaults with
        {
            Timeout = map.Optional("detect_timeout", "How long the first bytes of a connection are waited for where they decide; a client that is silent for longer is served as bytes.")
                .AsDuration(defaults.Timeout, TimeSpan.FromMilliseconds(1)),
        };
    }

    public static bool ReadOriginal(ConfigMap map, Address address, bool isRedirected)
    {
        var setting = map.Optional("original_destination", "Connections are redirected here, and where they wanted to go counts. Default: true where the file has `capture`.");
        var redirected = setting.AsBool(isRedirected);
        if (redirected && (address.IsUnix || address.Port == 0))
        {
            setting.Fail($"no connection can be redirected to {address}", "listen on a port, 1-65535");
        }

        return redirected;
    }

    public static DetectionConfig For(IEnumerable<FilterChainConfig> chains, DetectionConfig detection) => detection with
    {
        Tls = chains.Any(chain => chain.Match is { IsTls: not null } or { ServerNames.Count: > 0 }),
        Http = chains.Any(chain => chain is { Http: not null, Tcp: not null }),
    };
}
