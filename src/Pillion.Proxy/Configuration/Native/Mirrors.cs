using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;

namespace Pillion.Proxy.Configuration.Native;

/// <summary><c>mirror: off | NAME | { to: NAME, percent: 10% }</c>, or several.</summary>
internal static class Mirrors
{
    public static ValueList<MirrorConfig> Read(ConfigValue value, ValueList<MirrorConfig> inherited, RouteTargets targets)
    {
        if (NativeNames.IsOff(value))
        {
            return [];
        }

        if (value.IsList)
        {
            return value.AsList(item => ReadOne(item, targets));
        }

        return ReadOne(value, targets) is { } one ? [one] : inherited;
    }

    private static MirrorConfig? ReadOne(ConfigValue value, RouteTargets targets)
    {
        if (value.IsText)
        {
            targets.Refer(value);
            return new() { Cluster = value.AsText(), Source = value.Source };
        }

        using var map = value.AsMap("mirror");
        var defaults = new MirrorConfig { Cluster = "" };
        var to = map.Required("to", "The service that gets the copies; its answers are read and dropped. `mirror: NAME` is short for this.");
        if (to.Exists)
        {
            targets.Refer(to);
        }

        var mirror = defaults with
        {
            Cluster = to.AsText(),
            Percent = map.Optional("percent", "How many of the requests.").AsPercent(defaults.Percent),
            MarksHost = map.Optional("mark_host", "The copy's Host ends in `-shadow`, so that whoever serves it can tell.").AsBool(defaults.MarksHost),
            MaxBodyBytes = map.Optional("max_body", "Requests with a longer body are not copied.").AsSize(defaults.MaxBodyBytes, 0, 1024 * 1024),
            Source = value.Source,
        };
        return value.IsMap ? mirror : null;
    }
}
