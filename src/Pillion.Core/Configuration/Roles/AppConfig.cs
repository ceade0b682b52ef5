using Pillion.Core.Configuration.Reading;
using Pillion.Net;

namespace Pillion.Core.Configuration.Roles;

/// <summary>Which HTTP the application speaks.</summary>
internal enum AppProtocol
{
    Http1,

    /// <summary>HTTP/2 in the clear from the first byte (h2c), as gRPC servers do.</summary>
    Http2,

    /// <summary>Both: the one that the request came with.</summary>
    Same,
}

/// <summary>The application beside us.</summary>
internal sealed record AppConfig
{
    private static readonly Registry<AppProtocol> Protocols = new("protocol")
    {
        { "http1", AppProtocol.Http1 },
        { "http2", AppProtocol.Http2 },
        { "same", AppProtocol.Same },
    };

    public required Address Address { get; init; }

    public AppProtocol Protocol { get; init; }

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
        var protocol = map.Optional("protocol", "Which HTTP the application speaks: `http1`, `http2` in the clear, as gRPC servers do, or `same` as the request came.").AsOneOf(Protocols, AppProtocol.Http1);
        var health = HealthConfig.Read(map.Optional("health", "How the application is probed; not at all when absent. A path alone is short for `http`."));
        return address is null ? null : new() { Address = address, Protocol = protocol, Health = health, Source = value.Source };
    }
}
