using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration.Reading;

namespace Pillion.Proxy.Configuration.Native;

/// <summary><c>to: { payments: 90, payments-v2: 10 }</c> and what keeps a caller on one of them.</summary>
internal static class Splits
{
    /// <summary>Null where <c>to</c> is one service, or after a mistake.</summary>
    public static SplitConfig? Read(ConfigValue to, ConfigValue by, RouteTargets targets)
    {
        var (kind, name) = ReadBy(by);
        if (!to.IsMap)
        {
            if (by.Exists)
            {
                by.Fail("has nothing to split", "give `to` a map of services and their weights");
            }

            return null;
        }

        var parts = new List<SplitPartConfig>();
        to.AsNamed("NAME", (service, weight) =>
        {
            targets.Refer(service, weight);
            parts.Add(new() { Cluster = service, Weight = weight.AsInt(0, 0, 1_000_000) });
        });
        if (parts.TrueForAll(part => part.Weight == 0))
        {
            to.Fail(parts.Count == 0 ? "is empty" : "has no weight above 0", "give at least one service a weight");
            return null;
        }

        return new() { Parts = new([.. parts]), By = kind, ByName = name };
    }

    private static (SplitBy By, string Name) ReadBy(ConfigValue value)
    {
        using var map = value.AsMap("split_by");
        var header = map.Optional("header", "Requests with the same value of this header go the same way, also through other sidecars.");
        var cookie = map.Optional("cookie", "Requests with the same value of this cookie likewise.");
        var headerName = header.AsText("header name", HttpText.IsToken, "use letters, digits and hyphens");
        var cookieName = cookie.AsText("cookie name", HttpText.IsToken, "use letters, digits and hyphens");
        if (value.IsMap && header.Exists == cookie.Exists)
        {
            map.Fail(header.Exists ? "names two things" : "does not say by what", "give one of header or cookie");
        }

        return header.Exists ? (SplitBy.Header, headerName) : cookie.Exists ? (SplitBy.Cookie, cookieName) : (SplitBy.Chance, "");
    }
}
