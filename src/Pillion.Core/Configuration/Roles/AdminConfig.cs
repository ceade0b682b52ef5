using Pillion.Core.Configuration.Reading;
using Pillion.Net;

namespace Pillion.Core.Configuration.Roles;

/// <summary>Where the admin pages are served.</summary>
internal sealed record AdminConfig
{
    /// <summary>Loopback, because the pages show the configuration.</summary>
    public Address Address { get; init; } = new("127.0.0.1", 15000);

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
        return new() { Address = address.AsAddress(defaults.Address, listening: true)!, Source = value.Source };
    }
}
