using Pillion.Core.Configuration.Reading;
using Pillion.Net;

namespace Pillion.Core.Configuration.Roles;

/// <summary>The application beside us.</summary>
internal sealed record AppConfig
{
    public required Address Address { get; init; }

    /// <summary>Null: the application is not probed.</summary>
    public HealthConfig? Health { get; init; }

    public SourceLine Source { get; init; }

    /// <summary>Null when nothing was written, or nothing usable.</summary>
    public static AppConfig? Read(ConfigValue value)
    {
        if (value.IsText)
        {
            return value.AsAddress() is { } only ? new() { Address = only, Source = value.Source } : null;
        }

        using var map = value.AsMap();
        var address = map.Required("address", "Where the application listens. `app: ADDRESS` is short for this.").AsAddress();
        var health = HealthConfig.Read(map.Optional("health", "How the application is probed; not at all when absent. A path alone is short for `http`."));
        return address is null ? null : new() { Address = address, Health = health, Source = value.Source };
    }
}
