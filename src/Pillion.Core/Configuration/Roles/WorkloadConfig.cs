using Pillion.Core.Configuration.Reading;

namespace Pillion.Core.Configuration.Roles;

/// <summary>Whom this sidecar stands beside; becomes <c>spiffe://trust domain/ns/namespace/sa/name</c>.</summary>
internal sealed record WorkloadConfig
{
    /// <summary>Empty when the file does not say.</summary>
    public string Name { get; init; } = "";

    public string Namespace { get; init; } = "default";

    public string TrustDomain { get; init; } = "cluster.local";

    public static WorkloadConfig Read(ConfigValue value)
    {
        if (value.IsText)
        {
            return new() { Name = ReadName(value, "") };
        }

        var defaults = new WorkloadConfig();
        using var map = value.AsMap();
        return new()
        {
            Name = ReadName(map.Optional("name", "Name of the workload, as its service account has it. `workload: NAME` is short for this."), ""),
            Namespace = ReadName(map.Optional("namespace", "Namespace of the workload."), defaults.Namespace),
            TrustDomain = map.Optional("trust_domain", "Trust domain of its identity.")
                .AsText("host name", AddressText.IsHost, "use a name such as cluster.local", defaults.TrustDomain),
        };
    }

    private static string ReadName(ConfigValue value, string fallback) =>
        value.AsText("name", ConfigName.IsRight, ConfigName.Remedy, fallback);
}
