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

    /// <param name="captured">The port that the kernel is told to redirect to.</param>
    public static bool ReadOriginal(ConfigMap map, Address address, int? captured)
    {
        var setting = map.Optional("original_destination", "Connections are redirected here, and where they wanted to go counts. Default: true where `capture` redirects them.");
        var redirected = setting.AsBool(captured is not null);
        if (redirected && (address.IsUnix || address.Port == 0))
        {
            setting.Fail($"no connection can be redirected to {address}", "listen on a port, 1-65535");
        }
        else if (captured is { } port && port != address.Port)
        {
            map.Fail($"listens on {address}, and capture redirects connections to port {port}", "let both name the same port");
        }
        else if (captured is not null && !redirected)
        {
            setting.Fail("is false, and capture redirects connections here", "remove it");
        }

        return redirected;
    }

    /// <summary>A side that is off cannot be redirected to.</summary>
    public static void CheckOff(ConfigValue value, int? captured)
    {
        if (captured is { } port)
        {
            value.Fail($"is not there, and capture redirects connections to port {port}", "remove one of the two");
        }
    }

    public static DetectionConfig For(IEnumerable<FilterChainConfig> chains, DetectionConfig detection) => detection with
    {
        Tls = chains.Any(chain => chain.Match is { IsTls: not null } or { ServerNames.Count: > 0 }),
        Http = chains.Any(chain => chain is { Http: not null, Tcp: not null }),
    };
}
