using Pillion.Core.Configuration.Reading;
using Pillion.Net;

namespace Pillion.Core.Configuration.Roles;

/// <summary>Where requests may be watched as they come.</summary>
internal enum TapAccess
{
    /// <summary>Over an admin address that only this machine reaches: loopback or a Unix socket.</summary>
    Local,
    Everywhere,
    Off,
}

/// <summary>Where the admin pages are served.</summary>
internal sealed record AdminConfig
{
    private static readonly Registry<TapAccess> TapAccesses = new("access")
    {
        { "local", TapAccess.Local },
        { "everywhere", TapAccess.Everywhere },
        { "off", TapAccess.Off },
    };

    /// <summary>Loopback, because the pages show the configuration.</summary>
    public Address Address { get; init; } = new("127.0.0.1", 15000);

    public TapAccess Tap { get; init; }

    public SourceLine Source { get; init; }

    public static AdminConfig Read(ConfigValue value)
    {
        var defaults = new AdminConfig();
        if (value.IsText)
        {
            return new() { Address = value.AsAddress(defaults.Address, listening: true)!, Source = value.Source };
        }

        using var map = value.AsMap();
        var address = map.Optional("address", "Where the admin pages are served; a Unix socket is possible. `admin: ADDRESS` is short for this.");
        var tap = map.Optional("tap", "Who may watch requests as they come with `pillion tap`: only over loopback or a Unix socket, over any admin address, or nobody.");
        return new() { Address = address.AsAddress(defaults.Address, listening: true)!, Tap = tap.AsOneOf(TapAccesses, defaults.Tap), Source = value.Source };
    }
}
