using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration.Tcp;

namespace Pillion.Proxy.Configuration.Native;

/// <summary><c>tcp:</c>, for bytes that are passed on as they are.</summary>
internal static class TcpSettings
{
    public static TcpConfig Read(ConfigValue value, TcpConfig defaults)
    {
        using var map = value.AsMap("tcp");
        return defaults with
        {
            IdleTimeout = map.Optional("idle_timeout", "No byte either way for this long ends the connection; 0s is never.").AsDuration(defaults.IdleTimeout),
            MaxDuration = map.Optional("max_duration", "A connection ends after this time; 0s is no limit.").AsDuration(defaults.MaxDuration),
            MaxConnectAttempts = map.Optional("connect_attempts", "Tries to connect, each with another endpoint where there is one. Default: 2 for a service, 1 for the application.").AsInt(defaults.MaxConnectAttempts, 1, 100),
            Source = value.Exists ? value.Source : defaults.Source,
        };
    }
}
