using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Documents;
using Pillion.Core.Configuration.Reading;
using Pillion.Core.Configuration.Roles;
using Pillion.Core.Overload;
using Pillion.Net;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Configuration.Envoy;
using Pillion.Proxy.Configuration.Native;

namespace Pillion;

/// <summary>Everything the user wrote in one file, whichever of the two formats it is in.</summary>
internal sealed record PillionConfig
{
    private static readonly string[] EnvoyKeys = ["static_resources", "staticResources", "dynamic_resources", "dynamicResources", "node", "layered_runtime", "layeredRuntime"];

    public WorkloadConfig Workload { get; init; } = new();

    /// <summary>Null where the file does not name the application: an Envoy file, or an outbound side alone.</summary>
    public AppConfig? App { get; init; }

    /// <summary>Null where the file gives none: the sidecar then has no certificate of its own.</summary>
    public IdentityConfig? Identity { get; init; }

    public AdminConfig Admin { get; init; } = new();

    public LifecycleConfig Lifecycle { get; init; } = new();

    public ReloadConfig Reload { get; init; } = new();

    public OverloadConfig Overload { get; init; } = new();

    /// <summary>Null where nothing is said of it; what is captured is then a matter of the command line.</summary>
    public CaptureConfig? Capture { get; init; }

    public ProxyConfig Proxy { get; init; } = new();

    /// <summary>Reads a file. With any mistake there is no configuration, but all mistakes, in the order of their lines.</summary>
    public static (PillionConfig? Config, IReadOnlyList<ConfigError> Errors) Load(string file, Func<string, string?> environment)
    {
        var errors = new List<ConfigError>();
        return Read(ConfigDocument.Load(file, environment, errors), file, environment, errors);
    }

    /// <summary>As <see cref="Load"/>, with the tree that it was read from.</summary>
    public static (PillionConfig? Config, ConfigNode? Tree, IReadOnlyList<ConfigError> Errors) LoadTree(string file, Func<string, string?> environment)
    {
        var errors = new List<ConfigError>();
        var tree = ConfigDocument.Load(file, environment, errors);
        var (config, all) = Read(tree, file, environment, errors);
        return (config, tree, all);
    }

    /// <summary>The tree is of Envoy's format.</summary>
    public static bool IsEnvoys(ConfigNode root) => root.Entries.Any(entry => EnvoyKeys.Contains(entry.Key));

    /// <summary>As <see cref="Load"/>, from text that is already there.</summary>
    public static (PillionConfig? Config, IReadOnlyList<ConfigError> Errors) Parse(string text, string file, Func<string, string?> environment)
    {
        var errors = new List<ConfigError>();
        return Read(ConfigDocument.Parse(text, file, environment, errors), file, environment, errors);
    }

    /// <summary>Reads Pillion's own format; also run without a document, to write the reference.</summary>
    internal static PillionConfig ReadNative(ConfigValue root)
    {
        using var map = root.AsMap();
        var app = AppConfig.Read(map.Optional("app", "The application beside us."));
        var capture = CaptureConfig.Read(map.Optional("capture", "Which connections `pillion capture` and `pillion run --capture` have the kernel redirect to the sidecar."));
        return new()
        {
            Workload = WorkloadConfig.Read(map.Optional("workload", "The name of the application's workload, as its service account has it.")),
            Identity = IdentityConfig.Read(map.Optional("identity", "Who the sidecar is to its peers; without it there is no mutual TLS. A directory alone is short for `cert.pem`, `key.pem` and `bundle.pem` in it.")),
            App = app,
            Proxy = NativeProxy.Read(map, app, capture),
            Admin = AdminConfig.Read(map.Optional("admin", "The admin pages.")),
            Lifecycle = LifecycleConfig.Read(map.Optional("lifecycle", "How the sidecar stops.")),
            Overload = OverloadConfig.Read(map.Optional("overload", "What is given up when memory runs short; `off` gives up nothing.")),
            Reload = ReloadConfig.Read(map.Optional("reload", "When the file is read again.")),
            Capture = capture,
        };
    }

    private static (PillionConfig?, IReadOnlyList<ConfigError>) Read(ConfigNode? root, string file, Func<string, string?> environment, List<ConfigError> errors)
    {
        if (root is null)
        {
            return (null, errors);
        }

        var config = IsEnvoys(root)
            ? ReadEnvoy(EnvoyBootstrap.Reading(file, errors, environment).Root(root))
            : ReadNative(new ConfigReading(file, errors).Root(root));
        ListenerAddresses.Check(config, file, errors);
        if (errors.Count == 0)
        {
            // The net below the readers, which name such mistakes by the column.
            RouteMistakes.Check(config.Proxy, file, errors);
        }

        return errors.Count == 0 ? (config, []) : (null, InFileOrder(errors));
    }

    private static PillionConfig ReadEnvoy(ConfigValue root)
    {
        var (proxy, admin, workload, overload) = EnvoyBootstrap.Read(root);
        return new() { Overload = overload, Proxy = proxy, Admin = admin, Workload = workload };
    }

    // A value reached through two aliases is one mistake; a person corrects from top to bottom.
    private static List<ConfigError> InFileOrder(List<ConfigError> errors) =>
        [.. errors.Distinct().OrderBy(error => error.Line).ThenBy(error => error.Column)];
}
