using Pillion.Core.Configuration.Reading;

namespace Pillion.Core.Configuration.Roles;

internal enum HealthKind
{
    /// <summary>GET answers 200-399.</summary>
    Http,

    /// <summary>The application's port accepts a connection.</summary>
    Tcp,

    /// <summary>A command ends with 0.</summary>
    Exec,
}

/// <summary>How the application is asked whether it can serve; the answer is part of readiness.</summary>
internal sealed record HealthConfig
{
    public required HealthKind Kind { get; init; }

    /// <summary>The path asked for when <see cref="Kind"/> is Http.</summary>
    public string Path { get; init; } = "/";

    /// <summary>The program and its arguments when <see cref="Kind"/> is Exec.</summary>
    public ValueList<string> Command { get; init; } = [];

    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(5);

    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Failures in a row after which the application counts as unhealthy.</summary>
    public int Failures { get; init; } = 3;

    /// <summary>Successes in a row after which it counts as healthy again; the first success at the start is enough.</summary>
    public int Successes { get; init; } = 1;

    public SourceLine Source { get; init; }

    /// <summary>Null when nothing was written: the application is then not probed.</summary>
    public static HealthConfig? Read(ConfigValue value)
    {
        if (value.IsText)
        {
            return ReadPath(value) is { } only ? new() { Kind = HealthKind.Http, Path = only, Source = value.Source } : null;
        }

        using var map = value.AsMap();
        var path = ReadPath(map.Optional("http", "Path to GET on the application; 200-399 is healthy. `health: /path` is short for this."));
        var tcp = map.Optional("tcp", "Healthy when the application's port accepts a connection.").AsBool(false);
        var command = map.Optional("exec", "Program and arguments; healthy when it ends with 0.").AsTexts(item => item.AsTextOrNull());
        var defaults = new HealthConfig { Kind = HealthKind.Http };
        var shortest = TimeSpan.FromMilliseconds(10);
        var health = defaults with
        {
            Kind = tcp ? HealthKind.Tcp : command.Count > 0 ? HealthKind.Exec : HealthKind.Http,
            Path = path ?? defaults.Path,
            Command = command,
            Interval = map.Optional("interval", "Time between two probes.").AsDuration(defaults.Interval, shortest),
            Timeout = map.Optional("timeout", "Time for one probe.").AsDuration(defaults.Timeout, shortest),
            Failures = map.Optional("failures", "Failures in a row until unhealthy.").AsInt(defaults.Failures, 1, 1000),
            Successes = map.Optional("successes", "Successes in a row until healthy again.").AsInt(defaults.Successes, 1, 1000),
            Source = value.Source,
        };
        if (value.IsMap && (map.Has("http") ? 1 : 0) + (tcp ? 1 : 0) + (map.Has("exec") ? 1 : 0) != 1)
        {
            map.Fail("does not say how to probe", "give exactly one of http, tcp: true or exec");
        }

        return value.IsMap ? health : null;
    }

    private static string? ReadPath(ConfigValue value) =>
        value.AsTextOrNull("path", path => path.StartsWith('/') && path.All(c => c is > ' ' and < '\x7f'), "use a path such as /healthz");
}
